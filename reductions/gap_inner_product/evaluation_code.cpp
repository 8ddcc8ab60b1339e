#include "reductions/gap_inner_product/evaluation_code.hpp"

#include <algorithm>

namespace attnbounds {
namespace {

struct Monomial {
  long order, i, j;  // x^i y^j has a pole of that order
};

/// The monomials with pole order at most `most`, ascending.
std::vector<Monomial> monomials(long q, long most) {
  std::vector<Monomial> list;
  for (long j = 0; j < q && j * (q + 1) <= most; ++j)
    for (long i = 0; i * q + j * (q + 1) <= most; ++i) list.push_back({i * q + j * (q + 1), i, j});
  std::sort(list.begin(), list.end(), [](const Monomial& a, const Monomial& b) { return a.order < b.order; });
  return list;
}

/// Pole order of the l-th monomial: beyond 2 g - 1 = q^2 - q - 1 every order occurs.
long largest_order(long q, long nodes) {
  return monomials(q, q * q + nodes).at(static_cast<std::size_t>(nodes - 1)).order;
}

void require_room(const CodeSize& size, long nodes) {
  if (nodes < 1 || size.degree >= size.points)
    throw std::domain_error("an evaluation code has more points than zeros");
}

}  // namespace

long hermitian_root(long field) {
  for (long q = 2; q * q <= field; ++q)
    if (q * q == field) return characteristic_of(q) == 0 ? 0 : q;
  return 0;
}

CodeSize code_size(CodeKind kind, long arity, long nodes, long field) {
  if (kind == CodeKind::reed_solomon) return {field, arity * (nodes - 1), (arity - 1) * (nodes - 1)};
  const long q = hermitian_root(field);
  if (q == 0) throw std::domain_error("a Hermitian curve is over F_{q^2}");
  const long degree = arity * largest_order(q, nodes);
  return {q * q * q, degree, static_cast<long>(monomials(q, degree).size()) - nodes};
}

EvaluationCode reed_solomon_code(long arity, long nodes, long field) {
  const CodeSize size = code_size(CodeKind::reed_solomon, arity, nodes, field);
  require_room(size, nodes);
  EvaluationCode code{FiniteField(field), size.points, size.degree, {}, {}, {}};
  for (long s = 0; s < nodes; ++s) code.nodes.push_back(s);
  for (long rho = 0; rho < field; ++rho) {
    code.interpolation.emplace_back();
    for (long s = 0; s < nodes; ++s) code.interpolation.back().push_back(code.field.lagrange(s, nodes, rho));
  }
  for (long i = 0; i < size.advice_dimension; ++i) {
    code.advice.emplace_back();
    for (long rho = 0; rho < field; ++rho) {
      long value = code.field.power(rho, i);
      for (long s = 0; s < nodes; ++s) value = code.field.multiply(value, code.field.subtract(rho, s));
      code.advice.back().push_back(value);
    }
  }
  return code;
}

EvaluationCode hermitian_code(long arity, long nodes, long field_size) {
  const CodeSize size = code_size(CodeKind::hermitian, arity, nodes, field_size);
  require_room(size, nodes);
  const long q = hermitian_root(field_size);
  EvaluationCode code{FiniteField(field_size), size.points, size.degree, {}, {}, {}};
  const FiniteField& field = code.field;
  std::vector<std::pair<long, long>> points;
  for (long x = 0; x < field_size; ++x)
    for (long y = 0; y < field_size; ++y)
      if (field.add(field.power(y, q), y) == field.power(x, q + 1)) points.emplace_back(x, y);
  if (static_cast<long>(points.size()) != size.points)
    throw std::logic_error("a Hermitian curve has q^3 points");
  const std::vector<Monomial> basis = monomials(q, size.degree);
  FieldMatrix values;  // [point][monomial]
  for (const auto& [x, y] : points) {
    values.emplace_back();
    for (const Monomial& m : basis)
      values.back().push_back(field.multiply(field.power(x, m.i), field.power(y, m.j)));
  }

  const auto l = static_cast<std::size_t>(nodes);
  const auto first = [&](std::size_t point) {
    return std::vector<long>(values[point].begin(), values[point].begin() + nodes);
  };
  FieldMatrix at_nodes;
  for (std::size_t point = 0; at_nodes.size() < l; ++point) {
    at_nodes.push_back(first(point));
    if (reduced(field, at_nodes).rows.size() < at_nodes.size()) at_nodes.pop_back();
    else code.nodes.push_back(static_cast<long>(point));
  }
  FieldMatrix beside = at_nodes;  // [V | 1] becomes [1 | V^-1]: column s holds the coefficients of node s
  for (std::size_t s = 0; s < l; ++s)
    for (std::size_t t = 0; t < l; ++t) beside[s].push_back(s == t ? 1 : 0);
  const FieldMatrix inverse = reduced(field, beside).rows;
  const auto combined = [&](std::size_t point, const auto& coefficient, std::size_t terms) {
    long sum = 0;
    for (std::size_t m = 0; m < terms; ++m)
      sum = field.add(sum, field.multiply(values[point][m], coefficient(m)));
    return sum;
  };
  for (std::size_t point = 0; point < points.size(); ++point) {
    code.interpolation.emplace_back();
    for (std::size_t s = 0; s < l; ++s)
      code.interpolation.back().push_back(combined(
          point, [&](std::size_t m) { return inverse[m][l + s]; }, l));
  }
  FieldMatrix conditions;
  for (const long node : code.nodes) conditions.push_back(values[static_cast<std::size_t>(node)]);
  for (const std::vector<long>& function : null_space(field, conditions, basis.size())) {
    code.advice.emplace_back();
    for (std::size_t point = 0; point < points.size(); ++point)
      code.advice.back().push_back(combined(
          point, [&](std::size_t m) { return function[m]; }, basis.size()));
  }
  return code;
}

}  // namespace attnbounds
