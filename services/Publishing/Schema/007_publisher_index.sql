-- Finds the titles of a publisher that are withdrawn together.
CREATE INDEX registration_publisher ON registration (publisher_id, id) WHERE status IN ('InReview', 'Approved');
