"""Terms: what codes and words in a chart or an order stand for."""
