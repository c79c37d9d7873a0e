"""Our settings of a training, in the words of `transformers`."""

from pathlib import Path

import torch
from transformers import TrainingArguments

from polydistill.training.processes import on_cpu
from polydistill.training.settings import Training

SCORE = "score"


def arguments(training: Training, folder: Path, seed: int) -> TrainingArguments:
    """What the Trainer is told."""
    words = TrainingArguments(
        output_dir=str(folder),
        seed=seed,
        max_steps=training.steps,
        per_device_train_batch_size=training.batch_size,
        gradient_accumulation_steps=training.accumulation,
        learning_rate=training.learning_rate,
        weight_decay=training.weight_decay,
        warmup_steps=round(training.warmup * training.steps),
        lr_scheduler_type="constant_with_warmup" if training.decay == "constant" else training.decay,
        max_grad_norm=training.clip,
        optim="adamw_torch_fused",
        bf16=training.precision == "bf16",
        use_cpu=on_cpu(),
        eval_strategy="steps" if training.evaluate_every else "no",
        eval_steps=training.evaluate_every,
        metric_for_best_model=SCORE if training.evaluate_every else None,
        greater_is_better=True,
        save_strategy="steps",
        save_steps=training.checkpoint_every,
        logging_steps=max(1, min(50, training.steps // 20)),
        logging_nan_inf_filter=False,
        remove_unused_columns=False,
        ddp_find_unused_parameters=True,  # a batch of one language may leave parts of a student without gradient
        dataloader_pin_memory=torch.cuda.is_available(),
        report_to=[],
        disable_tqdm=True,
    )
    words._n_gpu = min(1, words.n_gpu)  # one process, one device: several GPUs are for `torchrun`, not for threads
    return words
