#include "reductions/gap_inner_product/protocol.hpp"

#include <algorithm>

#include "numeric/exact_text.hpp"
#include "numeric/zoo.hpp"

namespace attnbounds {
namespace {

constexpr long kCap = 1L << 62;

long capped_product(long a, long b) { return b != 0 && a > kCap / b ? kCap : a * b; }
long capped_power(long base, long exponent) {
  long result = 1;
  for (long i = 0; i < exponent && result < kCap; ++i) result = capped_product(result, base);
  return result;
}
long checked(long value) {
  if (value >= kCap) throw std::overflow_error("the protocol's sizes exceed 2^62");
  return value;
}

}  // namespace

void ProtocolParameters::validate() const {
  const auto fail = [&](const std::string& expected, long found) {
    throw InputError("protocol parameters", expected, std::to_string(found));
  };
  if (arity < 2 || arity > 3) fail("2 or 3 parties", arity);
  if (nodes < 1 || columns < 1) fail("l >= 1 and T >= 1", std::min(nodes, columns));
  if (nodes > 1L << 20 || columns > 1L << 20 || nodes * columns < dimension)
    fail("l T >= the dimension " + std::to_string(dimension), nodes * columns);
  if (!is_prime(field) || field >= 1L << 20) fail("a prime q below 2^20", field);
  if (field <= columns && !bug(Bug::field_too_small)) fail("q > T = " + std::to_string(columns), field);
  if (field <= degree()) fail("q > K (l - 1) = " + std::to_string(degree()), field);
}

long ProtocolParameters::advices() const { return checked(capped_power(field, (arity - 1) * (nodes - 1))); }
long ProtocolParameters::new_dimension() const {
  return checked(capped_power(field, 1 + (arity - 1) * columns));
}

long protocol_bits(const ProtocolParameters& p, long vectors) {
  const long advices = capped_power(p.field, (p.arity - 1) * (p.nodes - 1));
  const long dimension = capped_power(p.field, 1 + (p.arity - 1) * p.columns);
  return capped_product(dimension, capped_product(vectors, std::min(kCap, advices + p.arity - 1)));
}

ProtocolParameters smallest_protocol(long arity, long dimension, long vectors, long most_bits) {
  std::optional<ProtocolParameters> best;
  const auto size = [](const ProtocolParameters& p) { return std::pair(p.new_dimension(), p.advices()); };
  for (long nodes = 1; nodes <= std::max(1L, dimension) && nodes <= 64; ++nodes) {
    const long columns = std::max(1L, (dimension + nodes - 1) / nodes);
    if (columns > 64) continue;
    const ProtocolParameters p{arity, dimension, nodes, columns,
                               least_prime_above(std::max(columns, arity * (nodes - 1)))};
    if (protocol_bits(p, vectors) > most_bits) continue;
    if (!best || size(p) < size(*best)) best = p;
  }
  if (!best)
    throw InputError("gap route",
                     "vectors of a dimension for which the protocol's families have at most " +
                         std::to_string(most_bits) + " bits (the direct route has no such limit)",
                     "dimension " + std::to_string(dimension) + ", " + std::to_string(vectors) +
                         " vectors, arity " + std::to_string(arity));
  return *best;
}

Protocol::Protocol(const ProtocolParameters& parameters)
    : parameters_((parameters.validate(), parameters)), field_(parameters.field) {
  const long l = parameters_.nodes;
  for (long rho = 0; rho < field_.size(); ++rho) {
    lagrange_.emplace_back();
    for (long s = 0; s < l; ++s) lagrange_.back().push_back(field_.lagrange(s, l, rho));
  }
  vanishing_ = {1};
  for (long s = bug(Bug::advice_not_vanishing) ? 1 : 0; s < l; ++s) {  // times (z - s)
    std::vector<long> next(vanishing_.size() + 1, 0);
    for (std::size_t i = 0; i < vanishing_.size(); ++i) {
      next[i + 1] = field_.add(next[i + 1], vanishing_[i]);
      next[i] = field_.subtract(next[i], field_.multiply(s, vanishing_[i]));
    }
    vanishing_ = std::move(next);
  }
}

std::vector<long> Protocol::columns_at(const BitMatrix& family, long row, long rho) const {
  const auto& [arity, dimension, l, T, q] = parameters_;
  std::vector<long> values(static_cast<std::size_t>(T), 0);
  for (long c = 0; c < dimension; ++c)
    if (family.at(row, c)) {
      long& value = values[static_cast<std::size_t>(c % T)];
      value = field_.add(value, lagrange_[static_cast<std::size_t>(rho)][static_cast<std::size_t>(c / T)]);
    }
  return values;
}

std::vector<long> Protocol::advice(long number) const {
  std::vector<long> product(static_cast<std::size_t>(parameters_.degree() + 1), 0);
  for (std::size_t i = 0; number > 0; ++i, number /= field_.size())  // digit i: coefficient i of g
    for (std::size_t j = 0; j < vanishing_.size(); ++j)
      product[i + j] = field_.add(product[i + j], field_.multiply(number % field_.size(), vanishing_[j]));
  return product;
}

long Protocol::combined_at(const VectorFamilies& families, const Tuple& tuple, long rho) const {
  std::vector<long> product = columns_at(families.families[0], tuple[0], rho);
  for (std::size_t k = 1; k < tuple.size(); ++k) {
    const std::vector<long> factor = columns_at(families.families[k], tuple[k], rho);
    for (std::size_t t = 0; t < product.size(); ++t) product[t] = field_.multiply(product[t], factor[t]);
  }
  long sum = 0;
  for (const long term : product) sum = field_.add(sum, term);
  return sum;
}

long Protocol::accepting(const VectorFamilies& families, const Tuple& tuple,
                         const std::vector<long>& polynomial) const {
  long count = 0;
  for (long rho = 0; rho < field_.size(); ++rho)
    if (combined_at(families, tuple, rho) == field_.evaluate(polynomial, rho)) ++count;
  return count;
}

std::optional<long> Protocol::honest_advice(const VectorFamilies& families, const Tuple& tuple) const {
  for (long s = 0; s < parameters_.nodes; ++s)
    if (combined_at(families, tuple, s) != 0) return {};
  // Psi(rho)/prod_s (rho - s) at the (K-1)(l-1) points l, l + 1, … below q determines g: divide by Lagrange.
  const long size = (parameters_.arity - 1) * (parameters_.nodes - 1), l = parameters_.nodes;
  std::vector<long> coefficients(static_cast<std::size_t>(size), 0);
  for (long i = 0; i < size; ++i) {
    const long point = l + i;
    const long value = field_.multiply(combined_at(families, tuple, point),
                                       field_.inverse(field_.evaluate(vanishing_, point)));
    std::vector<long> basis = {1};  // prod_{u != point} (z - u)/(point - u)
    for (long u = l; u < l + size; ++u) {
      if (u == point) continue;
      const long scale = field_.inverse(field_.subtract(point, u));
      std::vector<long> next(basis.size() + 1, 0);
      for (std::size_t j = 0; j < basis.size(); ++j) {
        const long b = field_.multiply(basis[j], scale);
        next[j + 1] = field_.add(next[j + 1], b);
        next[j] = field_.subtract(next[j], field_.multiply(u, b));
      }
      basis = std::move(next);
    }
    for (std::size_t j = 0; j < basis.size(); ++j)
      coefficients[j] = field_.add(coefficients[j], field_.multiply(value, basis[j]));
  }
  long number = 0;
  for (std::size_t i = coefficients.size(); i-- > 0;) number = number * field_.size() + coefficients[i];
  return number;
}

GapInnerProduct Protocol::reduce(const VectorFamilies& old) const {
  const long arity = parameters_.arity, dimension = parameters_.dimension, T = parameters_.columns,
             q = parameters_.field;
  if (old.arity() != arity || old.dimension() != dimension)
    throw std::domain_error("the protocol was made for vectors of another arity or dimension");
  const long advices = parameters_.advices(), alphas = capped_power(q, T);
  const long new_dimension = parameters_.new_dimension();
  GapInnerProduct gap{{}, q, parameters_.degree()};
  const auto coordinate = [&](long rho, long alpha, long beta) {
    return arity == 2 ? rho * alphas + alpha : (rho * alphas + alpha) * alphas + beta;
  };
  const auto digits = [&](long alpha) {
    std::vector<long> result(static_cast<std::size_t>(T));
    for (long& digit : result) {
      digit = alpha % q;
      alpha /= q;
    }
    return result;
  };
  const auto number = [&](const std::vector<long>& values) {
    long result = 0;
    for (std::size_t t = values.size(); t-- > 0;) result = result * q + values[t];
    return result;
  };
  for (long k = 0; k + 1 < arity; ++k) {  // the parties without advice name their columns' values
    const BitMatrix& family = old.families[static_cast<std::size_t>(k)];
    BitMatrix result(family.rows, new_dimension);
    for (long i = 0; i < family.rows; ++i)
      for (long rho = 0; rho < q; ++rho) {
        const long mine = number(columns_at(family, i, rho));
        if (arity == 2) result.set(i, coordinate(rho, mine, 0));
        else
          for (long other = 0; other < alphas; ++other)
            result.set(i, k == 0 ? coordinate(rho, mine, other) : coordinate(rho, other, mine));
      }
    gap.families.families.push_back(std::move(result));
  }
  const BitMatrix& family = old.families.back();
  BitMatrix last(family.rows * advices, new_dimension);
  for (long m = 0; m < advices; ++m) {
    const std::vector<long> polynomial = advice(m);
    for (long rho = 0; rho < q; ++rho) {
      const long value = field_.evaluate(polynomial, rho);
      for (long j = 0; j < family.rows; ++j) {
        const std::vector<long> mine = columns_at(family, j, rho);
        for (long alpha = 0; alpha < alphas; ++alpha) {
          const std::vector<long> first = digits(alpha);
          for (long beta = 0; beta < (arity == 3 ? alphas : 1); ++beta) {
            long sum = 0;
            const std::vector<long> second = arity == 3 ? digits(beta) : std::vector<long>();
            for (std::size_t t = 0; t < mine.size(); ++t) {
              const long both = arity == 3 ? field_.multiply(first[t], second[t]) : first[t];
              sum = field_.add(sum, field_.multiply(both, mine[t]));
            }
            if (sum == value) last.set(m * family.rows + j, coordinate(rho, alpha, beta));
          }
        }
      }
    }
  }
  gap.families.families.push_back(std::move(last));
  return gap;
}

Tuple Protocol::original(const Tuple& tuple, long vectors) const {
  Tuple result = tuple;
  result.back() %= vectors;
  return result;
}

std::string gap_text(const GapInnerProduct& gap) {
  std::string text = "p maxip " + std::to_string(gap.families.arity()) + " " +
                     std::to_string(gap.families.dimension()) + " " + std::to_string(gap.yes) + " " +
                     std::to_string(gap.no) + "\n";
  for (const BitMatrix& family : gap.families.families) {
    text += "f " + std::to_string(family.rows) + "\n";
    for (long i = 0; i < family.rows; ++i) {
      for (long c = 0; c < family.columns; ++c) text += family.at(i, c) ? '1' : '0';
      text += '\n';
    }
  }
  return text;
}

}  // namespace attnbounds
