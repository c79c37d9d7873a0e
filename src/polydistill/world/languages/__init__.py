"""One table (`xx.toml`) and one grammar (`xx.py`) a language."""
