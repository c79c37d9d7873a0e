"""The one trainer: `transformers.Trainer` around a method that returns named terms.

What it adds: terms weighed so that micro-batches and processes have the gradient of one batch; every term logged
unweighted, averaged over processes; batches that are a pure function of seed and step; checkpoints that survive a kill
at any moment; selection of the best weights by a score of ours.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import load_model, save_model
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainerState
from transformers.trainer import TRAINER_STATE_NAME

from polydistill.data.batches.batches import Batch, MicroBatches
from polydistill.methods.method import Method
from polydistill.outputs import Term
from polydistill.training import averaging
from polydistill.training.arguments import arguments
from polydistill.training.checkpoints import UNFINISHED, newest_whole, seal, sweep
from polydistill.training.diverging import GRADIENT, Watch, refuse_divergence, refuse_lost_weights
from polydistill.training.row_dropout import RowDropout, draws_by_row
from polydistill.training.settings import Training
from polydistill.whole import discard, install, room_for, written_whole

Evaluate = Callable[[], dict[str, float]]

_WEIGHTS = "model.safetensors"
_STEPS = "steps-{rank}.json"


class Distiller(Trainer):
    """Trains a method. `evaluate_now` gives scores by name, among them `score`, by which the best weights are kept."""

    def __init__(
        self,
        method: Method,
        steps: MicroBatches,
        training: Training,
        folder: Path,
        seed: int,
        evaluate_now: Evaluate | None = None,
        callbacks: list[TrainerCallback] | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.steps, self.training, self.evaluate_now = folder, steps, training, evaluate_now
        self.loss_is_scaled_for_ga = True  # compute_loss weighs the micro-batches itself
        self._sums: dict[str, Tensor] = {}
        self._times: dict[str, int] = {}
        self._watch = Watch()
        self._part = 0  # micro-batches of this step that were taken
        self._say = say or (lambda _: None)
        super().__init__(
            method,
            arguments(training, folder, seed),
            eval_dataset=steps if evaluate_now else None,  # asked for by the Trainer; `evaluate` never reads it
            callbacks=callbacks,
        )
        self.remove_callback(PrinterCallback)  # progress is shown by a callback of ours

    def fit(self) -> None:
        """Train to the end, from the newest whole checkpoint if there is one; then take the best weights."""
        if self.args.should_save:
            sweep(self.folder)
        self.accelerator.wait_for_everyone()
        checkpoint = newest_whole(self.folder, self._say)
        state = TrainerState.load_from_json(str(checkpoint / TRAINER_STATE_NAME)) if checkpoint else TrainerState()
        if checkpoint and self._out_of_patience(state):  # killed between its last step and its result
            self._load_from_checkpoint(str(checkpoint))
            self.state = state
        else:
            self._train_on(checkpoint)
        if self.state.best_global_step:
            self.accelerator.wait_for_everyone()
            load_model(self._method, self._best_file(self.state.best_global_step), strict=False)
        elif self.training.average:
            self.accelerator.wait_for_everyone()
            averaging.take_mean(self._method, self.folder)

    def _train_on(self, checkpoint: Path | None) -> None:
        try:
            self.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        except BaseException:  # also Ctrl-C: whoever shows progress gives the terminal back
            self.callback_handler.on_train_end(self.args, self.state, self.control)
            raise

    # Batches

    def get_train_dataloader(self) -> "DataLoader[Batch]":
        """Every process makes its own share of each step's batch."""
        return self.steps.loader()

    def get_batch_samples(
        self, epoch_iterator: Iterator[Batch], num_batches: int, device: torch.device
    ) -> tuple[list[Batch], Any]:
        """The micro-batches of one step, and the items of each term over all of them and all processes."""
        batches = [batch for _, batch in zip(range(num_batches), epoch_iterator, strict=False)]
        self._part = 0
        if self.args.world_size == 1 and len(batches) == 1:
            return batches, None  # one batch is the whole step: every term's mean is right as it is
        counts = [self._method.counts(batch) for batch in batches]
        totals = {
            name: torch.tensor(sum(count.get(name, 0) for count in counts), device=device, dtype=torch.float64)
            for name in counts[0]
        }
        if self.args.world_size > 1:
            totals = {name: self.accelerator.reduce(total, "sum") for name, total in totals.items()}
        return batches, totals

    def compute_loss(
        self,
        model: nn.Module,
        inputs: Batch,
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """The weighted sum of the terms, each weighed by this micro-batch's share of the step's items."""
        with self._dropping():
            loss = model(**inputs)
        counts = self._method.counts(inputs) if num_items_in_batch is not None else {}
        total: Tensor | None = None
        for name, term in loss.terms.items():
            value = term.value if num_items_in_batch is None else _share(term, counts[name], num_items_in_batch[name])
            self._note(name, value.detach())
            self._watch.see(name, value, self.state.global_step + 1)
            part = value * (term.weight * self.args.world_size)  # processes' gradients are averaged, not summed
            total = part if total is None else total + part
        for name, measure in loss.measured.items():
            self._note(name, measure / (self.args.gradient_accumulation_steps * self.args.world_size))
        assert total is not None, "a loss has at least one term"
        return (total, loss) if return_outputs else total

    def _dropping(self) -> AbstractContextManager[Any]:
        """Within, dropout is drawn as the settings say for the micro-batch that is next."""
        args, step = self.args, self.state.global_step * self.args.gradient_accumulation_steps + self._part
        self._part += 1
        if not draws_by_row(self.training.dropout, args.world_size):
            return nullcontext()
        return RowDropout(args.seed, step, self.training.batch_size, args.process_index, args.world_size)

    @property
    def _method(self) -> Method:
        return cast(Method, self.accelerator.unwrap_model(self.model))

    # The log

    def _note(self, name: str, value: Tensor) -> None:
        seen = self._sums.get(name)
        self._sums[name] = value if seen is None else seen + value
        self._times[name] = self._times.get(name, 0) + 1

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add every term, unweighted: its mean over those steps since the last line that had it, over all processes."""
        if "train_runtime" in logs:  # the library's closing summary, which knows of nothing before an interruption
            return
        if "loss" in logs and self._sums:
            for name, value in sorted(self._sums.items()):
                summed = self.accelerator.reduce(value.reshape(1), "sum") if self.args.world_size > 1 else value
                logs[name] = float(summed) / (self._times[name] / self.args.gradient_accumulation_steps)
            self._sums, self._times = {}, {}
        super().log(logs, start_time)

    def _maybe_log_save_evaluate(self, tr_loss: Tensor, grad_norm: Any, *args: Any, **kwargs: Any) -> None:
        """End a line of the log at each checkpoint: then no sums wait to be logged that a kill could lose."""
        self.control.should_log |= self.control.should_save
        if grad_norm is not None:
            self._watch.see(GRADIENT, grad_norm, self.state.global_step)
        keeps = self.control.should_log or self.control.should_save or self.control.should_evaluate
        if keeps or tr_loss.device.type == "cpu":
            refuse_divergence(self._watch, self.args.learning_rate, self.args.max_steps, self.folder)
        super()._maybe_log_save_evaluate(tr_loss, grad_norm, *args, **kwargs)

    # Selection

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Scores of the method's student now, under names beginning with `eval_`."""
        assert self.evaluate_now is not None, "evaluation was asked for without a way to do it"
        metrics = {f"eval_{name}": value for name, value in self.evaluate_now().items()}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _determine_best_metric(self, metrics: dict[str, float], trial: Any) -> bool:
        """Keep the weights of a new best; stop when there was none for `patience` evaluations."""
        is_best = bool(super()._determine_best_metric(metrics, trial))
        if is_best and self.args.should_save:
            refuse_lost_weights(self._method.student, "The best weights so far")
            with written_whole(self._best_file(self.state.global_step)) as file:
                save_model(self._method, str(file))
        self.control.should_training_stop |= self._out_of_patience(self.state)
        return is_best

    def _out_of_patience(self, state: TrainerState) -> bool:
        every, patience = self.training.evaluate_every, self.training.patience
        return bool(every and patience and state.global_step - (state.best_global_step or 0) >= every * patience)

    def _best_file(self, step: int) -> Path:
        return self.folder / f"best-{step}.safetensors"

    # Checkpoints

    def _get_output_dir(self, trial: Any) -> str:
        """Where a checkpoint is written before it is installed."""
        del trial
        return str(self.folder / UNFINISHED)

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        """Write the checkpoint aside and install it when all processes are done with it; then drop older ones."""
        name = f"checkpoint-{self.state.global_step}"
        with room_for(self.folder / name):
            self._write_checkpoint(model, trial, name)

    def _write_checkpoint(self, model: nn.Module, trial: Any, name: str) -> None:
        super()._save_checkpoint(model, trial)
        staged = Path(self._get_output_dir(trial)) / name
        self._save_place(staged)
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            self.state.best_model_checkpoint = None  # the library's own way to keep the best; ours is a file of weights
            self.state.save_to_json(str(staged / TRAINER_STATE_NAME))
            best = self._best_file(self.state.best_global_step or 0)
            kept = averaging.keep(staged / _WEIGHTS, self.folder, self.state.global_step, self.training.average)
            seal(staged, [*kept, *([best] if best.is_file() else [])])
            install(staged, self.folder / name)
            for path in [path for path in self.folder.glob("checkpoint-*") if path.name != name]:
                discard(path)
            for path in self.folder.glob("best-*.safetensors"):
                if path != best:
                    path.unlink()
        self.accelerator.wait_for_everyone()

    def _save_place(self, checkpoint: Path) -> None:
        """What each process knows of the text it reads, so that it finds its place quickly."""
        if state := self.steps.state_dict():
            (checkpoint / _STEPS.format(rank=self.args.process_index)).write_text(json.dumps(state), encoding="utf-8")

    def _load_place(self, checkpoint: Path) -> None:
        file = checkpoint / _STEPS.format(rank=self.args.process_index)
        if file.exists():
            self.steps.load_state_dict(json.loads(file.read_text(encoding="utf-8")))

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        """Everything that learns or is needed to go on learning: all of the method but its teacher."""
        del state_dict
        assert output_dir is not None
        if self.args.should_save:
            Path(output_dir).mkdir(parents=True, exist_ok=True)
            save_model(self._method, str(Path(output_dir) / _WEIGHTS))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        del model
        try:
            missing, unexpected = load_model(self._method, Path(resume_from_checkpoint) / _WEIGHTS, strict=False)
        except RuntimeError as error:  # equal names, other shapes
            raise _foreign(resume_from_checkpoint, " ".join(str(error).split()).rstrip(".")) from error
        if missing or unexpected:
            raise _foreign(resume_from_checkpoint, f"missing {sorted(missing)}, unexpected {sorted(unexpected)}")
        self._load_place(Path(resume_from_checkpoint))


def _share(term: Term, count: int, total: Tensor) -> Tensor:
    """A term's part in the mean over the whole step, of which this micro-batch holds `count` of `total` items."""
    if count == 0:  # the mean of nothing is not a number; its graph is kept, so that all processes have one
        return term.value.nan_to_num() * 0.0
    return term.value * float(count / total)


def _foreign(checkpoint: str, why: str) -> ValueError:
    return ValueError(
        f"The checkpoint {checkpoint} is not of this method: {why}. Remove the run's folder to start it anew."
    )
