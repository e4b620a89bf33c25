"""What a person or a program may ask, one verb and noun a file. Doors, bot, scheduler and command line all come here."""
