-- As texts are read since: composed (NFC), without blanks around them. A title is found however it is typed.
UPDATE registration SET title = btrim(normalize(title, NFC), E' \u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u202F\u205F\u3000')
WHERE title <> btrim(normalize(title, NFC), E' \u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u202F\u205F\u3000');
UPDATE registration SET author = btrim(normalize(author, NFC), E' \u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u202F\u205F\u3000')
WHERE author <> btrim(normalize(author, NFC), E' \u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u202F\u205F\u3000');
