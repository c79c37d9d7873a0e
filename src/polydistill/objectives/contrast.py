"""Telling a word from the other words of its sentence: XWCL (MMKD, eq. 1).

B = sentences, W = words, D = width. Word w of the student is word w of the teacher; student vectors of another width
are projected before they come here.
"""

from typing import Literal, get_args

from torch import Tensor

from polydistill.errors import unknown
from polydistill.objectives.precision import counted, products
from polydistill.objectives.vectors import mean_over

Picks = Literal["teacher", "student"]
"""Among whose words. `teacher`: a masked word of the student picks its own among the teacher's words (eq. 1).
`student`: the teacher's word picks its own among the student's, which is the transpose (the authors' code)."""

Per = Literal["sentence", "word", "mean"]
"""What is averaged. `sentence`: the sum over the masked words of a sentence (eq. 1); `word`: every masked word; `mean`:
the mean over those of a sentence, of the sentences that have any (the authors' code)."""


def word_contrast(
    student_BWD: Tensor,
    teacher_BWD: Tensor,
    masked_BW: Tensor,
    words_BW: Tensor,
    temperature: float = 1.0,
    picks: Picks = "teacher",
    per: Per = "sentence",
) -> Tensor:
    """-log softmax over the words j of a sentence of s_i . t_j / temperature, at j = i, for its masked words i (eq. 1).

    `words_BW` says which places hold a word; the others are no candidates. `masked_BW` are some of them.
    """
    if temperature <= 0:
        raise ValueError(f"The temperature is {temperature}, but must be above 0; 1 leaves the products as they are.")
    if picks not in ("teacher", "student"):
        raise unknown("picks", picks, ("teacher", "student"))
    if per not in get_args(Per):
        raise unknown("per", per, get_args(Per))
    words_BW = words_BW.bool()
    masked_BW = masked_BW.bool() & words_BW
    picking, among = (student_BWD, teacher_BWD) if picks == "teacher" else (teacher_BWD, student_BWD)
    scores_BWW = counted(products(picking, among.transpose(1, 2)) / temperature, words_BW[:, None, :])
    lost_BW = -scores_BWW.log_softmax(-1).diagonal(dim1=1, dim2=2).masked_fill(~masked_BW, 0.0)
    if per == "word":
        return mean_over(lost_BW.flatten(), masked_BW.flatten())
    if per == "mean":
        return mean_over(lost_BW.sum(-1) / masked_BW.sum(-1).clamp(min=1), masked_BW.any(-1))
    return mean_over(lost_BW.sum(-1), words_BW.any(-1))
