#include "reductions/gap_inner_product/protocol.hpp"

#include <algorithm>

#include "numeric/exact_text.hpp"

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
  const long characteristic = characteristic_of(field);
  if (code == CodeKind::reed_solomon && (!is_prime(field) || field >= 1L << 20))
    fail("a prime q below 2^20", field);
  if (code == CodeKind::hermitian && (hermitian_root(field) == 0 || field > 1L << 8))
    fail("the square Q of a prime power, at most 2^8, for a Hermitian curve", field);
  if (characteristic <= columns)
    fail(code == CodeKind::reed_solomon ? "q > T = " + std::to_string(columns)
                                        : "a field of characteristic > T = " + std::to_string(columns),
         characteristic);
  if (checks() <= degree())
    fail(code == CodeKind::reed_solomon
             ? "q > K (l - 1) = " + std::to_string(degree())
             : "more than D = " + std::to_string(degree()) + " points of the curve",
         checks());
}

long ProtocolParameters::advices() const {
  return checked(capped_power(field, code_size(code, arity, nodes, field).advice_dimension));
}
long ProtocolParameters::new_dimension() const {
  return checked(capped_product(checks(), capped_power(field, (arity - 1) * columns)));
}

long protocol_bits(const ProtocolParameters& p, long vectors) {
  const long advices = capped_power(p.field, code_size(p.code, p.arity, p.nodes, p.field).advice_dimension);
  const long dimension = capped_product(p.checks(), capped_power(p.field, (p.arity - 1) * p.columns));
  return capped_product(dimension, capped_product(vectors, std::min(kCap, advices + p.arity - 1)));
}

ProtocolParameters smallest_protocol(long arity, long dimension, long vectors, long most_bits,
                                     CodeKind code) {
  std::optional<ProtocolParameters> best;
  const auto size = [](const ProtocolParameters& p) { return std::pair(p.new_dimension(), p.advices()); };
  for (long nodes = 1; nodes <= std::max(1L, dimension) && nodes <= 64; ++nodes) {
    const long columns = std::max(1L, (dimension + nodes - 1) / nodes);
    if (columns > 64) continue;
    const std::vector<long> fields =
        code == CodeKind::reed_solomon
            ? std::vector<long>{least_prime_above(std::max(columns, arity * (nodes - 1)))}
            : std::vector<long>{4, 9, 16, 25, 49, 64, 81, 121, 169, 256};
    for (const long field : fields) {
      const ProtocolParameters p{arity, dimension, nodes, columns, field, code};
      if (characteristic_of(field) <= columns || p.checks() <= p.degree() ||
          protocol_bits(p, vectors) > most_bits)
        continue;
      if (!best || size(p) < size(*best)) best = p;
    }
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
    : parameters_((parameters.validate(), parameters)),
      code_(parameters.code == CodeKind::reed_solomon
                ? reed_solomon_code(parameters.arity, parameters.nodes, parameters.field)
                : hermitian_code(parameters.arity, parameters.nodes, parameters.field)) {}

std::vector<long> Protocol::columns_at(const BitMatrix& family, long row, long rho) const {
  const long T = parameters_.columns;
  std::vector<long> values(static_cast<std::size_t>(T), 0);
  for (long c = 0; c < parameters_.dimension; ++c)
    if (family.at(row, c)) {
      long& value = values[static_cast<std::size_t>(c % T)];
      value = code_.field.add(
          value, code_.interpolation[static_cast<std::size_t>(rho)][static_cast<std::size_t>(c / T)]);
    }
  return values;
}

Word Protocol::advice(long number) const {
  Word values(static_cast<std::size_t>(code_.points), 0);
  for (std::size_t i = 0; number > 0; ++i, number /= code_.field.size())
    for (std::size_t rho = 0; rho < values.size(); ++rho)
      values[rho] = code_.field.add(values[rho],
                                    code_.field.multiply(number % code_.field.size(), code_.advice[i][rho]));
  return values;
}

long Protocol::combined_at(const VectorFamilies& families, const Tuple& tuple, long rho) const {
  std::vector<long> product = columns_at(families.families[0], tuple[0], rho);
  for (std::size_t k = 1; k < tuple.size(); ++k) {
    const std::vector<long> factor = columns_at(families.families[k], tuple[k], rho);
    for (std::size_t t = 0; t < product.size(); ++t) product[t] = code_.field.multiply(product[t], factor[t]);
  }
  long sum = 0;
  for (const long term : product) sum = code_.field.add(sum, term);
  return sum;
}

long Protocol::accepting(const VectorFamilies& families, const Tuple& tuple, const Word& values) const {
  long count = 0;
  for (long rho = 0; rho < code_.points; ++rho)
    if (combined_at(families, tuple, rho) == values[static_cast<std::size_t>(rho)]) ++count;
  return count;
}

std::optional<long> Protocol::honest_advice(const VectorFamilies& families, const Tuple& tuple) const {
  for (const long node : code_.nodes)
    if (combined_at(families, tuple, node) != 0) return {};
  // Psi = sum_i m_i basis_i, an equation a point: the last column of the echelon form is m.
  FieldMatrix equations;
  for (long rho = 0; rho < code_.points; ++rho) {
    equations.emplace_back();
    for (const Word& basis : code_.advice) equations.back().push_back(basis[static_cast<std::size_t>(rho)]);
    equations.back().push_back(combined_at(families, tuple, rho));
  }
  const Echelon echelon = reduced(code_.field, std::move(equations));
  if (echelon.pivots.size() != code_.advice.size())
    throw std::logic_error("Psi is no combination of advices");
  long number = 0;
  for (std::size_t i = echelon.rows.size(); i-- > 0;)
    number = number * code_.field.size() + echelon.rows[i].back();
  return number;
}

GapInnerProduct Protocol::reduce(const VectorFamilies& old) const {
  const long arity = parameters_.arity, dimension = parameters_.dimension, T = parameters_.columns,
             q = parameters_.field, points = code_.points;
  if (old.arity() != arity || old.dimension() != dimension)
    throw std::domain_error("the protocol was made for vectors of another arity or dimension");
  const long advices = parameters_.advices(), alphas = capped_power(q, T);
  const long new_dimension = parameters_.new_dimension();
  GapInnerProduct gap{{}, points, code_.degree};
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
      for (long rho = 0; rho < points; ++rho) {
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
    const Word values = advice(m);
    for (long rho = 0; rho < points; ++rho) {
      const long value = values[static_cast<std::size_t>(rho)];
      for (long j = 0; j < family.rows; ++j) {
        const std::vector<long> mine = columns_at(family, j, rho);
        for (long alpha = 0; alpha < alphas; ++alpha) {
          const std::vector<long> first = digits(alpha);
          for (long beta = 0; beta < (arity == 3 ? alphas : 1); ++beta) {
            long sum = 0;
            const std::vector<long> second = arity == 3 ? digits(beta) : std::vector<long>();
            for (std::size_t t = 0; t < mine.size(); ++t) {
              const long both = arity == 3 ? code_.field.multiply(first[t], second[t]) : first[t];
              sum = code_.field.add(sum, code_.field.multiply(both, mine[t]));
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
