package io.crossport.spring;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;

/** The last rows that were asked for, which are immutable; a ring without locks. */
final class LastRows {
  private final AtomicReferenceArray<Object> ring;
  private final AtomicLong next = new AtomicLong();

  LastRows(int most) {
    this.ring = new AtomicReferenceArray<>(most);
  }

  void add(Object row) {
    if (ring.length() > 0) {
      ring.setRelease((int) (next.getAndIncrement() % ring.length()), row);
    }
  }

  void addAll(List<?> rows) {
    if (ring.length() > 0) {
      rows.subList(Math.max(0, rows.size() - ring.length()), rows.size()).forEach(this::add);
    }
  }

  /** Those of now, in no order. */
  List<Object> all() {
    return IntStream.range(0, ring.length())
        .mapToObj(ring::getAcquire)
        .filter(Objects::nonNull)
        .toList();
  }
}
