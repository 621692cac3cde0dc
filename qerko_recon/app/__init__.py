"""The pages for the browser: panels served on this machine, to whoever has the token."""
