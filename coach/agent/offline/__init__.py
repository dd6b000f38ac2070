"""The coach that answers by rule, without a language model."""
