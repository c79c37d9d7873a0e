"""The embedded mini-world: exact meanings, said in six real languages, with the task rows they yield."""
