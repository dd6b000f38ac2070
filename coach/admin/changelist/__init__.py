"""What the staff lists share: counts, search, filters, dates, bulk actions, exports."""
