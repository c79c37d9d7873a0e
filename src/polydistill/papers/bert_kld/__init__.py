"""BERT-KLD (poster)."""
