"""Monolingual students of a multilingual teacher: MonoShot and MonoAlignment (thesis, Sec. 3.2).

    loss = alpha mlm + beta hinton + gamma sum_m hid(m) + delta sum_m att(m) + eps emb     (weights: see `Weights`)

Each student reads text of its own language(s), some of it hidden, and learns the hidden words (mlm) and to do as the
teacher does: its predictions (hinton), hidden states (hid), attention (att) and embeddings (emb). The student's block m
learns from the teacher's block g(m). Algorithm 1: a batch is of one language; the teacher reads it once; every student
of the language takes its step. What students share, all of them move.
"""

from polydistill.methods.monolingual.module import Monolingual
from polydistill.methods.monolingual.spec import MonolingualSpec, Student, Text, Weights

__all__ = ["Monolingual", "MonolingualSpec", "Student", "Text", "Weights"]
