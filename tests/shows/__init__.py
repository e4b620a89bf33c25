"""What the product promises, end to end: real payloads through the real doors, real servers on the other sides."""
