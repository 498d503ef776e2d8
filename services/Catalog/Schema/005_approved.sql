-- Whether its text was approved, as a publisher's title is: then it stays.
ALTER TABLE offer ADD COLUMN approved boolean NOT NULL DEFAULT false;
