DROP TABLE ombud.kept_answers;
