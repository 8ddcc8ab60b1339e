// Where theory and practice put the worst inputs.
#include <cmath>
#include <limits>

#include "numeric/random.hpp"
#include "proofs_check/worst_input/search.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;

/// Queries, keys and values of the kind; what is left (X, Y, E) is fixed.
struct Roles {
  Matrix<double> q, k, v;
};

Matrix<double> identity(Index d, double scale) { return Matrix<double>::Identity(d, d) * scale; }

ProgramInput with_roles(const SearchSettings& s, const Roles& r) {
  switch (s.kind) {
    case ProgramKind::matrix:
    case ProgramKind::causal:
      return {s.kind, {r.q, r.k, r.v}};
    case ProgramKind::tensor: {  // the second keys and values leave the first as they are, up to a sign
      const Matrix<double> ones = Matrix<double>::Constant(s.n, s.d, std::min(1.0, s.box));
      return {s.kind, {r.q, r.k, ones, r.v, ones}};
    }
    case ProgramKind::gradient:
      break;
  }
  const double one = std::min(1.0, s.box);
  return {s.kind, {r.q, r.k, r.v, identity(s.d, one), identity(s.d, one), -r.v}};
}

}  // namespace

std::vector<std::pair<std::string, ProgramInput>> structured_starts(const SearchSettings& s) {
  const Index n = s.n, d = s.d;
  const double B = s.box;
  const auto filled = [&](const auto& entry) {
    Matrix<double> m(n, d);
    for (Index i = 0; i < n; ++i)
      for (Index l = 0; l < d; ++l) m(i, l) = std::clamp<double>(entry(i, l), -B, B);
    return m;
  };
  const auto constant = [&](double c) { return filled([c](Index, Index) { return c; }); };
  const Matrix<double> signs_v = filled([B](Index i, Index) { return i % 2 == 0 ? B : -B; });
  std::vector<std::pair<std::string, ProgramInput>> starts;
  const auto add = [&](const std::string& name, const Roles& roles) {
    starts.emplace_back(name, with_roles(s, roles));
  };

  // Two groups of keys, of masses (1 -+ t)/2: the perturbation lemma is attained there.
  for (const double t : {0.1, 0.5, 0.9}) {
    const double gap = std::log((1 + t) / (1 - t)), size = std::sqrt(gap / 2);  // 2 q k = gap
    add("two-point masses t=" + std::to_string(t).substr(0, 3),
        {constant(size), filled([size](Index i, Index) { return i % 2 == 0 ? size : -size; }), signs_v});
  }
  add("one key against all", {constant(B), filled([B](Index i, Index) { return i == 0 ? B : -B; }),
                              filled([B](Index i, Index) { return i == 0 ? B : -B; })});
  Stream pairs(s.seed, "worst-input/planted");
  Matrix<double> q = filled([&](Index, Index) { return pairs.sign() * B; }), k = q;
  for (Index j = 1; j < n; ++j)
    for (Index l = 0; l < d; ++l) k(j, l) = pairs.sign() * B;
  add("planted pair", {q, k, signs_v});
  add("aligned rows", {constant(B), constant(B), signs_v});
  add("constant rows", {filled([B](Index, Index l) { return l % 2 == 0 ? B : -B / 3; }),
                        filled([B](Index, Index l) { return l % 2 == 0 ? B / 7 : B; }), constant(B)});
  Stream repeated(s.seed, "worst-input/repeated");
  std::vector<double> row;
  for (Index l = 0; l < d; ++l) row.push_back(repeated.uniform(B));
  add("repeated keys", {filled([&](Index, Index) { return repeated.uniform(B); }),
                        filled([&](Index, Index l) { return row[static_cast<std::size_t>(l)]; }), signs_v});
  add("tiny denominators", {constant(B), constant(-B), signs_v});
  add("tiny denominators, one key above",
      {constant(B), filled([B](Index i, Index) { return i == 0 ? -B * 0.875 : -B; }), signs_v});
  add("large means that cancel",
      {constant(B),
       filled([&](Index, Index) { return B * (1 - std::ldexp(std::abs(repeated.unit()), -20)); }),
       filled([&](Index i, Index) {
         return (i % 2 == 0 ? B : -B) * (1 - std::ldexp(std::abs(repeated.unit()), -20));
       })});
  add("large mean of the values",
      {filled([&](Index, Index) { return repeated.uniform(B); }),
       filled([&](Index, Index) { return repeated.uniform(B); }),
       filled([&](Index, Index) { return B * (1 - std::ldexp(std::abs(repeated.unit()), -30)); })});
  add("signed zeros", {filled([](Index i, Index) { return i % 2 == 0 ? 0.0 : -0.0; }),
                       filled([](Index i, Index) { return i % 2 == 0 ? -0.0 : 0.0; }),
                       filled([B](Index i, Index) { return i == 0 ? B : -0.0; })});
  const double least = std::numeric_limits<double>::denorm_min(),
               least_float = std::numeric_limits<float>::denorm_min();
  add("denormals",
      {constant(B), constant(least), filled([=](Index i, Index) { return (i % 2 == 0 ? 3 : -1) * least; })});
  add("denormals of float", {constant(B), constant(least_float),
                             filled([=](Index i, Index) { return (i % 2 == 0 ? 3 : -1) * least_float; })});
  for (int i = 0; i < 4; ++i) {
    Stream random(s.seed, "worst-input/random", static_cast<std::uint64_t>(i));
    const bool corners = i < 2;
    const auto entry = [&](Index, Index) { return corners ? random.sign() * B : random.uniform(B); };
    add(std::string(corners ? "random signs " : "random entries ") + std::to_string(i % 2 + 1),
        {filled(entry), filled(entry), filled(entry)});
  }
  return starts;
}

}  // namespace attnbounds
