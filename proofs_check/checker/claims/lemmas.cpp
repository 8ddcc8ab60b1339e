#include "lemmas.hpp"

namespace checker {

Fraction number(const Field& field) {
  const Fraction x = field.fraction();
  if (fmpz_bits(fmpq_numref(x.get())) > kMostBits || fmpz_bits(fmpq_denref(x.get())) > kMostBits)
    field.expected("a number of at most 1024 bits");
  return x;
}
Fraction positive(const Field& field) {
  number(field);
  return positive_from(field);
}
Fraction proper(const Field& field) {
  const Fraction x = positive(field);
  require(x < Fraction(1), field.place + ": not below 1");
  return x;
}
Fractions numbers(const Field& field, std::size_t count) {
  Fractions x = field.fractions(static_cast<long>(kMostNumbers));
  for (std::size_t i = 0; i < x.size(); ++i) number(field[i]);
  if (x.empty() || (count > 0 && x.size() != count)) field.expected("as many numbers as its neighbours have");
  return x;
}
Exact table(const Field& field, std::size_t rows, std::size_t columns) {
  Exact m;
  for (std::size_t i = 0; i < field.size(); ++i)
    m.push_back(numbers(field[i], i == 0 ? columns : m[0].size()));
  if (m.empty() || (rows > 0 && m.size() != rows)) field.expected("as many rows as its neighbours have");
  return m;
}
std::vector<long> indices(const Field& field, long below) {
  std::vector<long> result;
  for (std::size_t i = 0; i < field.size(); ++i) result.push_back(field[i].integer(0, below - 1));
  if (result.empty() || result.size() > kMostNumbers) field.expected("1 to 256 integers");
  return result;
}
Fractions polynomial(const Field& field) {
  const Fractions c = numbers(field);
  if (c.size() > 9) field.expected("a polynomial of degree at most 8");
  return c;
}

Exact values_of(const Fractions& polynomial, Exact scores) {
  for (Fractions& row : scores)
    for (Fraction& s : row) s = value_at(polynomial, s);
  return scores;
}
Exact with_ones(Exact m) {
  for (Fractions& row : m) row.emplace_back(1);
  return m;
}
Exact weighted(const Exact& scores, const Fractions& polynomial) {
  Exact rows = values_of(polynomial, scores);
  for (Fractions& row : rows) {
    require(!(sum(row) == Fraction(0)), "instance: the weights of a row sum to 0");
    row = shares(row);
  }
  return rows;
}
Fraction largest(const Fractions& x) { return *std::max_element(x.begin(), x.end()); }
Fraction range(const Fractions& x) { return largest(x) - *std::min_element(x.begin(), x.end()); }
Fractions ranges(const Exact& m) {
  Fractions result;
  for (const Fractions& column : transposed(m)) result.push_back(range(column));
  return result;
}
bool all_positive(const Fractions& x) {
  return std::all_of(x.begin(), x.end(), [](const Fraction& a) { return Fraction(0) < a; });
}
Exact unit(std::size_t size) {
  Exact m(size, Fractions(size));
  for (std::size_t l = 0; l < size; ++l) m[l][l] = Fraction(1);
  return m;
}
Exact without_large_rows(Exact m, const Fraction& limit) {
  for (Fractions& row : m)
    if (limit < largest_size(row)) row.assign(row.size(), Fraction(0));
  return m;
}
Exact orthogonal_columns(const Exact& m) {
  Exact basis;
  for (Fractions u : transposed(m)) {
    for (const Fractions& b : basis) u = u - scaled(dot(u, b) / dot(b, b), b);
    if (Fraction(0) < dot(u, u)) basis.push_back(u);
  }
  return basis;
}
void require_zeros_and_ones(const Exact& m, const std::string& place) {
  for (const Fractions& row : m)
    for (const Fraction& x : row) require(x * x == x, place + ": an entry is neither 0 nor 1");
}
Exact scores(const Exact& q, const Exact& k, std::size_t d) {
  require(q[0].size() == k[0].size() && q.size() * k.size() <= kMostPairs,
          "instance: the shapes do not fit, or too many pairs");
  return scaled(Fraction(1) / Fraction(d > 0 ? d : q[0].size()), product(q, transposed(k)));
}
Row exponentials(const Fractions& scores) {
  Row weights;
  for (const Fraction& s : scores) weights.push_back(exp(Ball(s)));
  return weights;
}

PolyAttention::PolyAttention(Table<long> h, std::vector<Exact> tokens, std::vector<Exact> values)
    : products(std::move(h)), q(std::move(tokens)), v(std::move(values)), tuples{{0}}, largest_value(1) {
  std::size_t count = q[0].size();
  require(v.size() + 1 == q.size(), "instance: values for all variables but the first");
  for (std::size_t a = 1; a < q.size(); ++a) {
    count *= q[a].size();
    require(q[a][0].size() == q[0][0].size() && v[a - 1].size() == q[a].size() &&
                v[a - 1][0].size() == v[0][0].size() && count <= kMostPairs,
            "instance: the shapes do not fit, or too many tuples");
    largest_value = largest_value * largest_size(v[a - 1]);
    Table<std::size_t> longer;
    for (const auto& tuple : tuples)
      for (std::size_t j = 0; j < q[a].size(); ++j) {
        longer.push_back(tuple);
        longer.back().push_back(j);
      }
    tuples = longer;
  }
  columns.resize(v[0][0].size());
  for (const auto& tuple : tuples)
    for (std::size_t c = 0; c < columns.size(); ++c) {
      Fraction value(1);
      for (std::size_t a = 1; a < tuple.size(); ++a) value = value * v[a - 1][tuple[a]][c];
      columns[c].push_back(value);
    }
}
Fractions PolyAttention::scores(std::size_t query, const std::vector<std::size_t>& tuple) const {
  const std::size_t d = q[0][0].size();
  Fractions result;
  for (const std::vector<long>& factors : products) {
    Fractions terms(d, Fraction(1));
    for (const long a : factors)
      terms =
          times(terms, q[static_cast<std::size_t>(a)][a == 0 ? query : tuple[static_cast<std::size_t>(a)]]);
    result.push_back(sum(terms) / Fraction(d));
  }
  return result;
}
PolyAttention attention_of(const Field& in) {
  const auto read = [&](const char* name) { return table(in[name]); };
  if (in.has("k")) return {{{0, 1}}, {read("q"), read("k")}, {read("v")}};
  if (in.has("k1")) return {{{0, 1, 2}}, {read("q"), read("k1"), read("k2")}, {read("v1"), read("v2")}};
  const long variables = in["variables"].integer(2, 6);
  Table<long> products;
  for (std::size_t p = 0; p < in["products"].size(); ++p) {
    products.push_back(indices(in["products"][p], variables));
    std::vector<long> sorted = products.back();
    std::sort(sorted.begin(), sorted.end());
    require(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end(),
            item("instance.products", p) + ": a variable twice");
  }
  require(!products.empty() && products.size() <= 16, "instance.products: 1 to 16 of them");
  const auto families = [&](const char* name, long count) {
    std::vector<Exact> result;
    for (std::size_t a = 0; a < in[name].size(); ++a) result.push_back(table(in[name][a]));
    if (static_cast<long>(result.size()) != count) in[name].expected(std::to_string(count) + " tables");
    return result;
  };
  return {products, families("q", variables), families("v", variables - 1)};
}

void require_tree(const PolyAttention& h, const Table<long>& edges) {
  std::vector<bool> reached(h.q.size());
  std::size_t count = 1;
  reached[0] = true;
  for (std::size_t round = 0; round < edges.size(); ++round)
    for (const auto& edge : edges) {
      require(edge.size() == 2, "instance.products: not all of two variables");
      const auto a = static_cast<std::size_t>(edge[0]), b = static_cast<std::size_t>(edge[1]);
      if (reached[a] == reached[b]) continue;
      reached[a] = reached[b] = true;
      ++count;
    }
  require(edges.size() + 1 == h.q.size() && count == h.q.size(),
          "instance.products: no tree on all variables");
}

}  // namespace checker
