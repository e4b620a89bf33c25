"""The ways in which people and the bot reach each other. Each is a connector in the sense of the hub's outbox."""
