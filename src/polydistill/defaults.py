"""What a run of a person's own model and files takes where nothing is said. Light: the command line shows these too."""

from typing import Literal, TypedDict


class Options(TypedDict, total=False):
    """What can be said of a training. Where `steps` is not given, it is one pass over the rows."""

    steps: int
    batch_size: int
    accumulation: int
    learning_rate: float
    weight_decay: float
    warmup: float
    decay: Literal["constant", "linear", "cosine"]
    clip: float
    evaluate_every: int
    patience: int
    checkpoint_every: int
    precision: Literal["fp32", "bf16"]


TUNE: Options = {
    "batch_size": 32,  # "The batch size is 32" (MultiKD and MBLM, experiments)
    "learning_rate": 2e-5,  # the middle of "{1e-5, 2e-5, 3e-5}" (MultiKD and MBLM)
    "warmup": 0.1,  # "10% warm-up steps" (MMKD)
    "decay": "linear",  # "a linear decay" (MMKD)
}
EFFICIENT_RATE = 1e-4  # "a high learning rate of 0.0001 for parameter-efficient [...] strategies" (thesis, Sec. 4.2.2)
LORA_RATE = 5e-4  # "5E-04" (LoRA, table 9: RoBERTa base on MNLI)
FEW_PASSES = 50  # few-shot: "50 / 50 / 50 Epochs" (thesis, table 4.2)
MULTIKD: Options = {**TUNE}  # the paper trains and distils alike
XD: Options = {
    "batch_size": 8,  # "batch size of 8 sentences from the same language" (XD, Sec. 3.1)
    "learning_rate": 5e-6,  # "a learning rate of 5x10^-6" (XD, Sec. 3.1)
}
MONOLINGUAL: Options = {
    "batch_size": 16,  # "we choose a batch size of only 16" (thesis, Sec. 4.2.1)
    "learning_rate": 2e-4,  # "a learning rate of 0.0002 with weight decay 0.01" (thesis, Sec. 4.2.1)
    "weight_decay": 0.01,
    "warmup": 0.1,  # "a linear scheduler with warm-up steps of 50,000", of 500,000 (thesis, Sec. 4.2.1)
    "decay": "linear",
}
KLD: Options = {
    "batch_size": 28,  # "Batch Size = 28" (BERT-KLD's poster, as all that follows)
    "learning_rate": 2e-5,  # "Learning Rate = 2e-5"
}
KLD_MAX_LENGTH = 128  # "Maximum sequence length = 128"
KLD_PASSES = 5  # "Max epoch 5 with early stopping"
KLD_PATIENCE = 2  # ours: with 10 evaluations in 5 passes, a whole pass without a new best
PRETRAIN: Options = {  # ours, as all that follows: the polyglot of the mini-world's tables
    "batch_size": 32,
    "learning_rate": 2e-3,
    "weight_decay": 0.01,
    "warmup": 0.1,
    "decay": "linear",
}
PRETRAIN_RATE = 1e-4  # of an encoder that has read much before
PRETRAIN_PASSES = 4
PRETRAIN_PAIRS = 0.6  # of the inputs, where text is aligned
PRETRAIN_ROWS = 4_000  # of the mini-world, where no text is given
ALIGN: Options = {
    "batch_size": 32,  # "a batch size of 256", on "8 40GB Nvidia A100 GPUs" (MMKD, Sec. 4.1, as all that follows)
    "learning_rate": 2e-5,  # "a linear decay peaking at 2e-5 after 10% warm-up steps"
    "weight_decay": 0.01,  # "1e-2 weight decay"
    "warmup": 0.1,
    "decay": "linear",
}
PAIRS = {  # of parallel corpora, where they are filtered by length (MMKD, Sec. 4.1)
    "shortest": 10,
    "longest": 128,
    "at_most": 2_000_000,
    "sample": "first",
    "duplicates": "drop",
    "same_sides": "drop",
}
SMALL: Options = {"steps": 800, "batch_size": 32, "learning_rate": 3e-4}  # ours: docs/sentence.md
STATIC: Options = {  # ours: docs/static.md
    "batch_size": 512,
    "learning_rate": 1e-2,
    "decay": "linear",
}
STATIC_PASSES = 6
ALIGN_MAX_LENGTH = 128  # "128 tokens as the maximum length of each sequence"
AlignMethod = Literal["mmkd", "sentence"]
Pooling = Literal["mean", "first", "max", "last", "weighted-mean", "mean-sqrt"]
"""What makes one vector of a text's tokens. `first` and `last`: that token's. `weighted-mean`: the k-th token counts k
times. `mean-sqrt`: the sum, divided by the square root of the number of tokens."""
Preset = Literal["paper", "reference"]
LossName = Literal[
    "Hinton",
    "Hinton+Hid",
    "Hinton+Hid+Att",
    "MonoShot",
    "Hid+Att+Emb",
    "MonoShot-cosine",
    "MonoShot-cosine-bottom",
    "MonoShot-top",
    "MonoShot-bottom",
    "MonoAlignment",
]
"""The ten losses of the thesis' table 3.1."""
MAX_LENGTH = 256  # "truncating sentences to be up to 256 words per example" (XD, Sec. 3.1)
REPORTERS = ("tensorboard", "wandb")
"""Who may be told how a training goes; each is also the name of a package and of an extra."""
EVALUATIONS = 10  # ours: with dev rows, how often the weights are judged during a training
