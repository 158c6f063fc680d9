"""Reference data: character variants and the towns of Japan, from official files to compact ones."""
