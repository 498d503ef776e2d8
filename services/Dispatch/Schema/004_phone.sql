-- Phone numbers of days that are past: nobody calls any more.
CREATE INDEX assignment_phone ON assignment (date) WHERE phone IS NOT NULL;
