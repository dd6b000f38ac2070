"""Who may see and do what: rights, sign-in, sessions, security headers."""
