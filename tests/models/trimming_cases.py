"""Tokenizers of every family that can be trimmed, learned on text in six scripts, and a small network for each."""

import json
from functools import cache

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import (
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    BertConfig,
    BertTokenizer,
    DistilBertConfig,
    ModernBertConfig,
    RobertaConfig,
    RobertaTokenizer,
    XLMRobertaConfig,
    XLMRobertaTokenizer,
)

from polydistill.models.fresh import learn_tokenizer

TEXTS = {
    "tr": ("Çalışkan öğrenci bugün kütüphaneye gitti.", "Yağmur yağıyor, şemsiyeni almayı unutma!", "12 kedi uyudu."),
    "ru": ("Старый дом стоит у реки.", "Кошка спит на тёплой печи, а собака ждёт.", "Мы читаем 3 книги."),
    "ar": ("القطة تنام على الكرسي الكبير.", "ذهب الولد إلى المدرسة، ثم عاد.", "نقرأ ثلاثة كتب."),
    "hi": ("बिल्ली बड़ी कुर्सी पर सो रही है।", "लड़का विद्यालय गया और लौट आया।", "हम 3 किताबें पढ़ते हैं।"),
    "zh": ("猫在大椅子上睡觉。", "男孩去了学校，然后回来了。", "我们读三本书。"),
    "th": ("แมวนอนบนเก้าอี้ตัวใหญ่", "เด็กชายไปโรงเรียนแล้วกลับมา", "เราอ่านหนังสือสามเล่ม"),
}
ALL = [text for texts in TEXTS.values() for text in texts]
SPECIAL = {
    "Unigram": ["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
    "WordPiece": ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
    "BPE": ["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
}
FAMILIES = tuple(SPECIAL)
WIDTH, LENGTH = 16, 512


@cache
def tokenizer_of(family):
    """As plain `transformers` builds it for XLM-R, BERT and RoBERTa; `own` is the mini-world's."""
    if family == "own":
        return learn_tokenizer(ALL * 3, 400, LENGTH)
    if family == "Unigram":
        return XLMRobertaTokenizer(vocab=_unigram())
    if family == "WordPiece":
        bare = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        bare.normalizer, bare.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
        trainer = trainers.WordPieceTrainer(vocab_size=420, special_tokens=SPECIAL[family], show_progress=False)
        bare.train_from_iterator(ALL * 3, trainer)
        return BertTokenizer(vocab=bare.get_vocab())
    bare = Tokenizer(models.BPE())
    bare.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bare.train_from_iterator(
        ALL * 3,
        trainers.BpeTrainer(
            vocab_size=560, special_tokens=SPECIAL[family], initial_alphabet=alphabet, show_progress=False
        ),
    )
    model = json.loads(bare.to_str())["model"]
    return RobertaTokenizer(vocab=model["vocab"], merges=[tuple(pair) for pair in model["merges"]])


def _unigram():
    bare = Tokenizer(models.Unigram())
    bare.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    trainer = trainers.UnigramTrainer(vocab_size=420, unk_token="<unk>", special_tokens=["<unk>"], show_progress=False)
    bare.train_from_iterator(ALL * 3, trainer)
    learned = [(piece, score) for piece, score in json.loads(bare.to_str())["model"]["vocab"] if piece != "<unk>"]
    return [*((name, 0.0) for name in SPECIAL["Unigram"][:-1]), *learned, ("<mask>", 0.0)]


def network_of(family, kind, head="classes", **settings):
    """A network of a family of encoders that reads what the tokenizer of a family writes, in float64 and asleep."""
    tokenizer = tokenizer_of(family)
    sizes = {"vocab_size": len(tokenizer) + 3, "num_labels": 3, "max_position_embeddings": LENGTH + 2}
    sizes |= {"pad_token_id": tokenizer.pad_token_id, "bos_token_id": 0, "eos_token_id": 2}
    if kind == "distilbert":
        sizes |= {"dim": WIDTH, "n_layers": 1, "n_heads": 2, "hidden_dim": 32}
    else:
        sizes |= {"hidden_size": WIDTH, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    if kind == "modernbert":
        sizes |= {"cls_token_id": 0, "sep_token_id": 2}
    config = CONFIGS[kind](**sizes, initializer_range=0.3, **settings)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = HEADS[head].from_config(config).double().eval()
        for name, value in network.named_parameters():
            if name.endswith("bias"):
                torch.nn.init.normal_(value)
    return network


CONFIGS = {
    "xlm-roberta": XLMRobertaConfig,
    "bert": BertConfig,
    "distilbert": DistilBertConfig,
    "roberta": RobertaConfig,
    "modernbert": ModernBertConfig,
}
HEADS = {"classes": AutoModelForSequenceClassification, "mlm": AutoModelForMaskedLM}
