"""The report: numbers out of the rows (`numbers`), pictures of them (`pictures`), and the page (`page`)."""
