"""Tokenizer folders of our own making, and what AutoTokenizer of Python's transformers makes of 200 texts in each.

    reference.py check           holds every folder's expected.json against the library
    reference.py make            makes the texts, the folders and what is expected of them (needs sentencepiece, protobuf)
    reference.py expect FOLDER   writes what is expected of other folders, in FOLDER, for AUTOPEFT_TOKENIZERS=FOLDER

Written for transformers 4.57.6 with tokenizers 0.22.2. An expected row is its ids and, after them, its types as digits;
its mask is checked here to be all ones, for rows are not padded.
"""

import json
import os
import pathlib
import random
import shutil
import sys
import tempfile
import unicodedata

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import AutoTokenizer

HERE = pathlib.Path(__file__).resolve().parent

WORDS = """the a red Red blue Blue cat Cat dog runs sleeps very not is in on of and The A un able run ning sleep ing er est
Paris Zürich zurich naive naïve cafe café élan garçon garcon Straße strasse İstanbul user User hello world Hello 123 2021
##s ##ing ##ed ##er ##able ##ly ##ning ##é ##e ##ü ##u 中 国 中国 日 本 ##国 ##本 東 京 안 녕 привет Привет мир й и ё е""".split()


def characters():
    found = [chr(code) for code in range(33, 127)]
    found += list("éèêëàâçñöüäßÉÈÜÖÄÑøåÅæœłžšЖжяЯΣσςαβ中国日本東京都語漢字カナひらがな한글éñ¿¡«»“”‘’—…€£©®™½²🙂😀👍🏽👩‍👩‍👧❤️🇫🇷")
    return sorted(set(found) - {"\u200d", "\ufe0f"})


def texts():
    """200 rows: a text, a second one or none, and the most tokens."""
    random.seed(18)
    rows = [[text, None, 24] for text in [
        "", " ", "   ", "\t\n", "a", "The red cat runs", "the Red CAT RUNS very", "unable running sleeping cats",
        "[SEP]", "[CLS] red [SEP]", "<s> red </s>", "red<s>cat", "the [MASK] cat", "the <mask> cat", "the<mask>cat",
        "the  <mask>  cat", "[PAD] red", "<pad> red", "[UNK] <unk>", "[sep] [cls] [mask]", "</S> <MASK>", "<user> red",
        "<USER> red", "@user hello", "red <extra> cat", "red<extra>cat", "the <Name>, hello", "the <name>, hello",
        "<s>NOTUSED red", "Zürich", "ZÜRICH café CAFÉ", "naïve naive", "İstanbul ıstanbul", "Straße STRASSE ẞ",
        unicodedata.normalize("NFD", "Zürich café élan garçon"), unicodedata.normalize("NFC", "Zürich café élan garçon"),
        "e\u0301\u0301 a\u0308", "ﬁ ﬂ Å ① ㍿ ｆｕｌｌ", "中国", "我在中国 red", "東京都 日本語 漢字カナ", "한글 안녕", "ひらがなカナ",
        "привет Мир Привет", "й и\u0306 ё", "ΣΊΣΥΦΟΣ σς", "🙂", "red 🙂 cat 👍🏽", "👩‍👩‍👧 family ❤️ 🇫🇷", "a\u200db a\u200bc",
        "a\u0000b", "a\u0007b\u001bc", "a\ufffdb", "\ufeffthe red", "a\u00a0b\u2003c\u3000d", "a\u2028b\u0085c",
        "soft\u00adhyphen", "don't can't I'm we'll they're", "O'Neill's", "...!!!???", "$3.50 (12%) #tag @x a_b-c/d",
        "http://a.b/c?d=e&f", "1,000,000 2021-12-31", "C++ C# .NET", "tabs\tand\nlines\r\nend", "  leading and trailing  ",
        "two  blanks   three", "UPPER lower MiXeD", "x" * 99, "x" * 100, "x" * 101, "a" * 300, "é" * 120, "中" * 60, "🙂" * 40,
        "ab" * 200, "the red cat runs very " * 40, "\u202eabc", "مرحبا بالعالم", "שלום עולם", "नमस्ते दुनिया", "ไทย", "ấ ầ ế đ Đ",
        "##s ##ing", "▁red ▁", "Ġred Ċ", "a\\b \"c\"", "½ ² ™ ©", "İ", "ŉ ǰ", "Ǆ ǅ ǆ", "\U0001d400\U0001d401", "\U00020000中",
    ]]
    pairs = [("", ""), ("red", ""), ("", "red"), ("the red cat", "a blue dog"), ("[SEP]", "[CLS]"), ("<s>", "</s>"),
             ("the <mask>", "<mask> cat"), ("Zürich", "ZÜRICH"), ("中国", "東京"), ("🙂", "👍"), ("<user>", "<extra>"),
             ("the red cat runs very " * 9, "a dog"), ("a dog", "the red cat runs very " * 9),
             ("the red cat runs very " * 9, "a blue dog sleeps not " * 9), ("x" * 101, "é"), (" a ", " b ")]
    rows += [[a, b, 16] for a, b in pairs] + [[a, b, 9] for a, b in pairs]
    pieces = [word for word in WORDS if not word.startswith("##")]
    pieces += [".", ",", "!", "-", "[SEP]", "<mask>", "<user>", "é", "🙂", "中", "\u0301", "\u00a0", "X", "q", "7"]
    while len(rows) < 200:
        def text():
            return "".join(random.choice(pieces) + random.choice([" ", " ", " ", "", "  "]) for _ in range(random.randint(1, 18)))
        pair = text() if random.random() < 0.5 else None
        rows.append([text(), pair, random.choice([5, 7, 12, 13, 24, 64])])
    assert len(rows) == 200, len(rows)
    return rows


# Folders

def encoder(kind, **more):
    return {"model_type": kind, "vocab_size": 400, **more}


def write(name, config, files):
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for file, content in {"config.json": config, **files}.items():
        if not isinstance(content, str):
            content = json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n"
        (folder / file).write_text(content, encoding="utf-8", newline="")


BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def word_pieces(special=BERT):
    return list(dict.fromkeys(special + characters() + ["##" + c for c in characters()] + WORDS))


def lines(tokens, end="\n"):
    return "".join(token + end for token in tokens)


def bert(special=BERT, lowercase=True, accents=None, chinese=True, twice=False, added=(), **parts):
    vocabulary = {token: index for index, token in enumerate(word_pieces(special))}
    cls, sep = parts.pop("ends", ("[CLS]", "[SEP]"))
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = parts.pop("normalizer", None) or normalizers.BertNormalizer(True, chinese, accents, lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    tokenizer.add_tokens(list(added))
    ids = [(token, vocabulary[token]) for token in (cls, sep)]
    pair = f"{cls}:0 $A:0 {sep}:0 " + (f"{sep}:0 " if twice else "") + f"$B:1 {sep}:1"
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{cls} $A {sep}", pair=pair, special_tokens=ids)
    return tokenizer


def bytes_and_merges():
    """A byte-level vocabulary of single bytes and a few merges."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: index for index, token in enumerate(["<s>", "<pad>", "</s>", "<unk>"] + alphabet)}
    merges = [("t", "h"), ("th", "e"), ("Ġ", "the"), ("r", "e"), ("re", "d"), ("Ġ", "red"), ("c", "a"), ("ca", "t"),
              ("Ġ", "cat"), ("i", "n"), ("in", "g"), ("Ġ", "a"), ("Ã", "©"), ("Ġ", "Ġ"), ("l", "l"), ("1", "2")]
    for left, right in merges:
        vocabulary.setdefault(left + right, len(vocabulary))
    vocabulary["<mask>"] = len(vocabulary)
    return vocabulary, merges


def roberta(prefix_space=False, mask_blank=True, template=None):
    vocabulary, merges = bytes_and_merges()
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix_space)
    ends = ("</s>", vocabulary["</s>"]), ("<s>", vocabulary["<s>"])
    tokenizer.post_processor = template or processors.RobertaProcessing(*ends, add_prefix_space=prefix_space)
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    tokens = [AddedToken(token, special=True, normalized=False) for token in special]
    tokenizer.add_special_tokens(tokens + [AddedToken("<mask>", lstrip=mask_blank, special=True, normalized=False)])
    return tokenizer


def unigram(first, charsmap=None, last=("<mask>",)):
    pieces = [(token, 0.0) for token in first] + [("▁", -2.5)]
    words = [word for word in WORDS if not word.startswith("##")]
    pieces += [("▁" + word, -4.0 - 0.01 * i) for i, word in enumerate(words)]
    pieces += [(word, -5.0 - 0.01 * i) for i, word in enumerate(words) if len(word) > 1]
    pieces += [(character, -8.0 - 0.001 * i) for i, character in enumerate(characters())]
    pieces = list({token: (token, score) for token, score in pieces[::-1]}.values())[::-1] + [(token, 0.0) for token in last]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=3))
    steps = [normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "▁")]
    tokenizer.normalizer = normalizers.Sequence(([normalizers.Precompiled(charsmap)] if charsmap else [normalizers.NFKC()]) + steps)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    vocabulary = {token: index for index, (token, _) in enumerate(pieces)}
    ends = [(token, vocabulary[token]) for token in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=ends)
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    tokens = [AddedToken(token, special=True, normalized=False) for token in special]
    tokenizer.add_special_tokens(tokens + [AddedToken("<mask>", lstrip=True, special=True, normalized=False)])
    return tokenizer


def charsmap():
    """A small table of replacements, compiled by SentencePiece."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2 as proto
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        rules = {"ﬁ": "fi", "ﬂ": "fl", "①": "1", "\u212b": "\u00c5", "…": "...", "\t": " ", "\n": " ", "\u00a0": " ", "\u3000": " ",
                 "ｆ": "f", "e\u0301": "\u00e9", "\u0007": ""}
        rows = [" ".join(f"{ord(c):X}" for c in old) + "\t" + " ".join(f"{ord(c):X}" for c in new) for old, new in rules.items()]
        (folder / "rules.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        (folder / "text").write_text("the red cat runs very fast and a blue dog sleeps\n" * 20)
        sentencepiece.SentencePieceTrainer.train(
            input=str(folder / "text"), model_prefix=str(folder / "m"), vocab_size=30, hard_vocab_limit=False,
            normalization_rule_tsv=str(folder / "rules.tsv"), minloglevel=2)
        model = proto.ModelProto()
        model.ParseFromString((folder / "m.model").read_bytes())
        return model.normalizer_spec.precompiled_charsmap


def whole(tokenizer):
    return json.loads(tokenizer.to_str())


def token(content, **flags):
    return {"content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
            "special": True, **flags}


MPNET = ["<s>", "<pad>", "</s>", "[UNK]", "<mask>"]


def make():
    (HERE / "texts.json").write_text(json.dumps(texts(), ensure_ascii=True, indent=0) + "\n")
    plain = {"tokenizer_class": "BertTokenizer"}
    vocabulary, merges = bytes_and_merges()
    byte_files = {"vocab.json": vocabulary, "merges.txt": lines(["#version: 0.2"] + [" ".join(pair) for pair in merges])}
    xlmr = whole(unigram(["<s>", "<pad>", "</s>", "<unk>"]))

    write("bert-uncased", encoder("bert"), {"tokenizer.json": whole(bert())})
    # The settings contradict the file beside them: they hold.
    write("bert-cased-by-settings", encoder("bert"), {
        "tokenizer.json": whole(bert()), "tokenizer_config.json": {**plain, "do_lower_case": False}})
    write("bert-lowered-accents-kept", encoder("bert"), {
        "tokenizer.json": whole(bert(lowercase=False)),
        "tokenizer_config.json": {**plain, "do_lower_case": True, "strip_accents": False}})
    write("bert-no-chinese", encoder("bert"), {
        "tokenizer.json": whole(bert(accents=True, lowercase=False)),
        "tokenizer_config.json": {**plain, "tokenize_chinese_chars": False, "strip_accents": True, "do_lower_case": False}})
    write("bert-of-no-class", encoder("bert"), {
        "tokenizer.json": whole(bert(normalizer=normalizers.Sequence([normalizers.NFKC(), normalizers.StripAccents()]))),
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "do_lower_case": True, "pad_token": "[PAD]",
            "cls_token": "[CLS]", "unk_token": "[UNK]"}})
    write("bert-no-types-left", encoder("bert"), {
        "tokenizer.json": whole(bert()), "tokenizer_config.json": {
            **plain, "model_input_names": ["input_ids", "attention_mask"], "truncation_side": "left", "model_max_length": 8}})
    cut = bert()
    cut.enable_truncation(7, direction="left")
    cut.enable_padding(length=11, pad_id=0, pad_token="[PAD]")
    write("bert-cut-in-file", encoder("bert"), {"tokenizer.json": whole(cut)})
    users = bert(added=[AddedToken("<user>"), AddedToken("<extra>", lstrip=True, rstrip=True)])
    write("bert-added-tokens", encoder("bert"), {
        "tokenizer.json": whole(users),
        "tokenizer_config.json": {**plain, "added_tokens_decoder": {
            "0": token("[PAD]"), "1": token("[UNK]"), "2": token("[CLS]"), "3": token("[SEP]"),
            "4": token("[MASK]", lstrip=True), "700": token("<name>", special=False, normalized=True),
            "701": token("red", special=False, single_word=True),
            str(users.token_to_id("<user>")): token("<user>", special=False, normalized=True),
            str(users.token_to_id("<extra>")): token("<extra>", special=False, normalized=True, lstrip=True)},
            "additional_special_tokens": ["@user"]}})
    write("bert-legacy-companions", encoder("bert"), {
        "tokenizer.json": whole(bert()), "tokenizer_config.json": {"mask_token": "[MASK]", "split_special_tokens": False},
        "special_tokens_map.json": {"mask_token": token("[MASK]", lstrip=True), "cls_token": "[CLS]",
                                    "additional_special_tokens": ["<user>", token("<extra>")]},
        "added_tokens.json": {"<name>": 900, "<user>": 901}})
    write("bert-split-special", encoder("bert"), {
        "tokenizer.json": whole(bert()), "tokenizer_config.json": {**plain, "split_special_tokens": True}})
    write("bert-vocabulary-only", encoder("bert"), {"vocab.txt": lines(word_pieces() + ["\u3000", "\u00a0x "])})
    write("bert-vocabulary-cased", encoder("bert"), {
        "vocab.txt": lines(word_pieces(), "\r\n"), "tokenizer_config.json": {
            "do_lower_case": False, "strip_accents": None, "do_basic_tokenize": True, "never_split": ["cat"],
            "unk_token": "[UNK]", "model_max_length": 1000000000000000019884624838656, "tokenizer_class": "BertTokenizer"}})
    write("distilbert", encoder("distilbert"), {
        "tokenizer.json": whole(bert()), "tokenizer_config.json": {"do_lower_case": False, "tokenizer_class": "DistilBertTokenizer"}})
    write("electra-vocabulary", encoder("electra"), {
        "vocab.txt": lines([t for t in word_pieces() if t != "[MASK]"]), "tokenizer_config.json": {"strip_accents": False}})
    write("mpnet", encoder("mpnet"), {
        "tokenizer.json": whole(bert(special=MPNET, ends=("<s>", "</s>"), twice=True, lowercase=False)),
        "tokenizer_config.json": {"tokenizer_class": "MPNetTokenizer", "do_lower_case": True}})
    write("mpnet-vocabulary", encoder("mpnet"), {"vocab.txt": lines(word_pieces(MPNET))})
    write("roberta", encoder("roberta"), {"tokenizer.json": whole(roberta(mask_blank=False))})
    write("roberta-prefix-space", encoder("roberta"), {
        "tokenizer.json": whole(roberta()), "tokenizer_config.json": {"tokenizer_class": "RobertaTokenizer", "add_prefix_space": True,
            "mask_token": {"__type": "AddedToken", "content": "<mask>", "lstrip": True, "normalized": True, "rstrip": False, "single_word": False}}})
    write("roberta-prefix-space-dropped", encoder("roberta"), {
        "tokenizer.json": whole(roberta(prefix_space=True)), "tokenizer_config.json": {"truncation_side": "left"}})
    write("roberta-vocabulary", encoder("roberta"), {
        **byte_files, "tokenizer_config.json": {"add_prefix_space": True, "tokenizer_class": "RobertaTokenizerFast"}})
    write("xlm-roberta", encoder("xlm-roberta"), {
        "tokenizer.json": whole(unigram(["<s>", "<pad>", "</s>", "<unk>"], charsmap())),
        "tokenizer_config.json": {"tokenizer_class": "XLMRobertaTokenizer"}})
    write("bert-with-xlm-roberta-tokens", encoder("bert"), {
        "tokenizer.json": xlmr, "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>",
            "mask_token": {"__type": "AddedToken", "content": "<mask>", "lstrip": True}}})
    write("camembert", encoder("camembert"), {
        "tokenizer.json": whole(unigram(["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED", "<s>", "</s>"]))})
    write("class-in-config", encoder("bert", tokenizer_class="RobertaTokenizer"), {
        "tokenizer.json": whole(roberta()), "tokenizer_config.json": {
            "model_input_names": ["input_ids", "token_type_ids", "attention_mask"]}})
    check(update=True)


def expected(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert tokenizer.is_fast and tokenizer.padding_side == "right", folder
    rows = []
    for text, pair, most in json.loads((HERE / "texts.json").read_text()):
        call = dict(truncation=True, max_length=most)
        found = tokenizer([text], [pair], **call) if pair is not None else tokenizer([text], **call)
        ids, mask = found["input_ids"][0], found["attention_mask"][0]
        assert mask == [1] * len(ids)
        types = found["token_type_ids"][0] if "token_type_ids" in found else [0] * len(ids)
        rows.append([*ids, "".join(map(str, types))])
    return {"pad_id": tokenizer.pad_token_id, "size": max(tokenizer.get_vocab().values()) + 1, "rows": rows}


def check(update=False, place=HERE):
    folders = sorted(path.parent for path in place.glob("*/config.json"))
    assert folders, "the folders are not there"
    wrong = []
    for folder in folders:
        found, file = expected(folder), folder / "expected.json"
        if update:
            rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in found["rows"])
            file.write_text(f'{{"pad_id": {found["pad_id"]}, "size": {found["size"]}, "rows": [\n{rows}\n]}}\n')
        if json.loads(file.read_text()) != found:
            rows = zip(json.loads(file.read_text())["rows"], found["rows"])
            wrong.append(f"{folder.name}: rows {[i for i, (old, new) in enumerate(rows) if old != new][:20]}")
    print(f"{len(folders)} folders, {len(found['rows'])} texts each: " + ("the library's ids and types" if not wrong else "; ".join(wrong)))
    sys.exit(1 if wrong else 0)


if sys.argv[1] == "expect":
    check(update=True, place=pathlib.Path(sys.argv[2]))
else:
    {"make": make, "check": check}[sys.argv[1]]()
