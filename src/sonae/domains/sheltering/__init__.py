"""Running a shelter (避難所運営): rooms, supplies, meals, noticeboard, guests, health, reports, handover."""
