"""Decisions, and the shapes they are made on. Pure: no await, no database, no settings; imports only itself."""
