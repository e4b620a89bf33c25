"""One folder a system on the other side. A connector is known by one line here, and registers no other way."""
