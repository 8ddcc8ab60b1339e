// Relations between runs of one program on inputs whose exact outputs are related. With the defect
// D = output - exact, enclosed, a relation's difference is |D' - D|: what the two exact outputs differ by
// (keys that were rounded after a shift, say) is taken out.
#include <cmath>

#include "proofs_check/worst_input/search.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;

struct Broken {
  std::string failure;
};

Matrix<Interval> defect(const Program& program, const ProgramInput& input) {
  const ProgramAnswer answer = program.run(input);
  if (!answer.failure.empty()) throw Broken{answer.failure};
  if (!answer.output.allFinite()) throw Broken{kNotFinite};
  Matrix<Interval> exact = exact_output(input);
  if (answer.output.rows() != exact.rows() || answer.output.cols() != exact.cols())
    throw Broken{"output of another shape"};
  for (Index i = 0; i < exact.size(); ++i)
    exact.data()[i] = enclose(answer.output.data()[i]) - exact.data()[i];
  return exact;
}

Interval largest_difference(const Matrix<Interval>& a, const Matrix<Interval>& b) {
  Interval largest = 0;
  for (Index i = 0; i < a.size(); ++i) largest = maximum(largest, absolute_value(a.data()[i] - b.data()[i]));
  return largest;
}

Matrix<double> reversed(const Matrix<double>& m) { return m.colwise().reverse(); }
Matrix<double> twice(const Matrix<double>& m) {
  Matrix<double> t(2 * m.rows(), m.cols());
  t << m, m;
  return t;
}
Matrix<double> rows_of(const Matrix<double>& m, Index first, Index count) {
  return m.middleRows(first, count);
}

/// Positions of what the keys' rows are shared by, and of the queries' rows.
std::vector<std::size_t> keys_of(ProgramKind kind) {
  return kind == ProgramKind::tensor ? std::vector<std::size_t>{1, 3} : std::vector<std::size_t>{1, 2};
}
std::vector<std::size_t> queries_of(ProgramKind kind) {
  return kind == ProgramKind::gradient ? std::vector<std::size_t>{0, 5} : std::vector<std::size_t>{0};
}

ProgramInput with_queries(const ProgramInput& in, Index first, Index count) {
  ProgramInput part = in;
  for (const std::size_t a : queries_of(in.kind)) part.matrices[a] = rows_of(in.matrices[a], first, count);
  return part;
}

/// The defects of the rows in blocks of `block` queries; of a gradient, which sums over them, the sum.
/// Causal: of the prefixes, the rows that each block adds.
Matrix<Interval> blocked_defect(const Program& program, const ProgramInput& in, const Matrix<Interval>& whole,
                                Index block) {
  Matrix<Interval> blocks = whole;
  for (Index i = 0; i < blocks.size(); ++i) blocks.data()[i] = 0;
  for (Index first = 0; first < in.matrices[0].rows(); first += block) {
    const Index count = std::min(block, in.matrices[0].rows() - first);
    ProgramInput part = in;
    if (in.kind == ProgramKind::causal)
      for (Matrix<double>& m : part.matrices) m = rows_of(m, 0, first + count);
    else part = with_queries(in, first, count);
    const Matrix<Interval> d = defect(program, part);
    if (in.kind == ProgramKind::gradient) {
      for (Index i = 0; i < d.size(); ++i) blocks.data()[i] += d.data()[i];
      continue;
    }
    const Index offset = in.kind == ProgramKind::causal ? first : 0;
    for (Index i = 0; i < count; ++i)
      for (Index c = 0; c < d.cols(); ++c) blocks(first + i, c) = d(offset + i, c);
  }
  return blocks;
}

}  // namespace

std::vector<RelationResult> check_relations(const Program& program, const ProgramInput& in,
                                            const SearchSettings& settings) {
  const WorkingPrecision precision(Bits{160});
  std::vector<RelationResult> results;
  std::optional<Matrix<Interval>> whole;
  const auto relation = [&](const char* relation_name, const auto& difference) {
    RelationResult r{relation_name, 0, ""};
    try {
      if (!whole) whole = defect(program, in);
      r.difference = difference();
    } catch (const Broken& broken) {
      r.failure = broken.failure;
    }
    results.push_back(std::move(r));
  };
  const auto changed = [&](const auto& change) {
    ProgramInput other = in;
    change(other.matrices);
    return defect(program, rounded(std::move(other), settings.entries, HUGE_VAL));
  };
  const bool causal = in.kind == ProgramKind::causal, gradient = in.kind == ProgramKind::gradient,
             tensor = in.kind == ProgramKind::tensor;
  const std::vector<std::size_t> keys = keys_of(in.kind);

  relation("accuracy", [&] { return max_abs(*whole); });
  if (!tensor)  // a shift of K1 alone does not cancel: q o k2 remains
    relation("invariance/key-shift", [&] {
      return largest_difference(*whole, changed([&](std::vector<Matrix<double>>& m) {
        for (Index l = 0; l < m[1].cols(); ++l)
          m[1].col(l).array() += (l % 2 == 0 ? 0.5 : -0.25) * settings.box;
      }));
    });
  if (!causal) {
    relation("invariance/key-permutation", [&] {
      return largest_difference(*whole, changed([&](std::vector<Matrix<double>>& m) {
        for (const std::size_t a : keys) m[a] = reversed(m[a]);
      }));
    });
    relation("invariance/duplicated-keys", [&] {
      return largest_difference(*whole, changed([&](std::vector<Matrix<double>>& m) {
        for (const std::size_t a : keys) m[a] = twice(m[a]);
      }));
    });
  }
  if (!gradient)
    relation("invariance/value-scaling", [&] {
      Matrix<Interval> d = changed([&](std::vector<Matrix<double>>& m) { m[tensor ? 3 : 2] *= 4; });
      for (Index i = 0; i < d.size(); ++i) d.data()[i] /= 4;
      return largest_difference(*whole, d);
    });
  const Index rows = in.matrices[0].rows();
  relation("parity/blocked", [&] {
    return largest_difference(*whole,
                              blocked_defect(program, in, *whole, std::max<Index>(1, (rows + 1) / 2)));
  });
  relation("parity/batch",
           [&] { return largest_difference(*whole, blocked_defect(program, in, *whole, 1)); });
  return results;
}

}  // namespace attnbounds
