"""Panels for notebooks and the daily-close page: thin over what a notebook can call itself."""
