"""What a person or a program may ask, one verb and noun a file. Doors, bot, scheduler, command line come here."""
