package io.crossport.client;

import java.net.URI;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** The items of a list, a page of which is asked for when its first item is wanted. */
final class Pages<T> extends Spliterators.AbstractSpliterator<T> {
  private final Calls calls;
  private final String path;
  private final Function<Fields, T> shape;
  private final Deque<T> items = new ArrayDeque<>();
  private String query;

  private Pages(Calls calls, String path, String query, Function<Fields, T> shape) {
    super(Long.MAX_VALUE, Spliterator.ORDERED | Spliterator.NONNULL);
    this.calls = calls;
    this.path = path;
    this.query = query;
    this.shape = shape;
  }

  static <T> Stream<T> of(Calls calls, String path, String query, Function<Fields, T> shape) {
    return StreamSupport.stream(new Pages<>(calls, path, query, shape), false);
  }

  @Override
  public boolean tryAdvance(Consumer<? super T> action) {
    while (items.isEmpty()) {
      if (query == null) {
        return false;
      }
      fetch();
    }
    action.accept(items.remove());
    return true;
  }

  private void fetch() {
    Fields page = calls.get(path, query);
    page.all("results").map(shape).forEach(items::add);
    // Only the query is taken over: behind a proxy the link may name an inner host.
    String next = page.maybe("next").map(Pages::queryOf).orElse(null);
    if (query.equals(next)) {
      throw Fields.strange("a page that leads to itself");
    }
    query = next;
  }

  private static String queryOf(String link) {
    try {
      String query = URI.create(link).getRawQuery();
      return query == null ? "" : query;
    } catch (IllegalArgumentException no) {
      throw Fields.strange("a next page at \"" + link + "\"");
    }
  }
}
