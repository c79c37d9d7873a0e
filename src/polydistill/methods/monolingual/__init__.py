"""Monolingual students: the spec, the module that learns, and what both are made of."""

from polydistill.methods.monolingual.module import Monolingual
from polydistill.methods.monolingual.spec import MonolingualSpec, Student, Text, Weights

__all__ = ["Monolingual", "MonolingualSpec", "Student", "Text", "Weights"]
