"""Monolingual students of a multilingual teacher: MonoShot and MonoAlignment (thesis, Sec. 3.2)."""

from polydistill.methods.monolingual.module import Monolingual
from polydistill.methods.monolingual.spec import MonolingualSpec, Student, Text, Weights

__all__ = ["Monolingual", "MonolingualSpec", "Student", "Text", "Weights"]
