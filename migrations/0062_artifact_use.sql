-- When content was last sent, asked for or named. Making room leaves alone what somebody may rely on: whoever was told
-- that content is there does not send it again.
ALTER TABLE artifacts ADD COLUMN wanted_at timestamptz NOT NULL DEFAULT now();
