"""Lists of 指定緊急避難場所 and 指定避難所: read any of them, name every defect, lose nothing."""
