"""What the product promises to show, end to end: real payloads through the real doors, real servers on the other sides."""
