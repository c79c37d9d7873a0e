"""Named places, organisations and the sentences about them, one table a language."""
