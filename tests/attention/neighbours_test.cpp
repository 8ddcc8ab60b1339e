// Definitions of the neighbouring papers, and the counterexamples to statements as printed
// (docs/neighbours.md).
#include "attention/lora.hpp"
#include "attention/prefix.hpp"
#include "attention/spectral.hpp"
#include "catch.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/random.hpp"

using namespace attnbounds;

namespace {

Matrix<double> rows(std::initializer_list<std::initializer_list<double>> list) {
  Matrix<double> m(static_cast<Eigen::Index>(list.size()), static_cast<Eigen::Index>(list.begin()->size()));
  Eigen::Index i = 0;
  for (const auto& row : list) {
    Eigen::Index j = 0;
    for (const double x : row) m(i, j++) = x;
    ++i;
  }
  return m;
}

}  // namespace

TEST_CASE("operator norms are enclosed: known singular values, narrowly") {
  const WorkingPrecision guard(Bits{96});
  const struct {
    Matrix<double> matrix;
    Rational squared;  // of the norm
  } known[] = {{rows({{3, 0}, {0, 4}}), 16},
               {rows({{1, 1}, {1, -1}}), 2},
               {rows({{1, 2}, {2, 4}, {-1, -2}}), 30},  // rank 1: |u|^2 |v|^2 = 6 * 5
               {rows({{0, 0}, {0, 0}}), 0},
               {rows({{0x1p-300, 0}}), to_rational(0x1p-300) * to_rational(0x1p-300)}};
  for (const auto& [matrix, squared] : known) {
    const Interval norm = operator_norm(matrix_from<Interval>(matrix)).interval();
    CHECK(contains(Interval(norm * norm), squared));
    CHECK(width(norm) <= magnitude(norm) * Real(1e-6));
  }
  const Interval flat =
      operator_norm_of_nonnegative(matrix_from<Interval>(rows({{1, 1}, {1, 1}}))).interval();
  CHECK(contains(flat, 2));
  CHECK(width(flat) < Real(1e-9));
  Stream stream(0, "norms");
  for (int trial = 0; trial < 20; ++trial) {  // the two ways agree where both apply
    const Matrix<Interval> m = matrix_from<Interval>(stream.uniform_matrix(5, 3, 1).cwiseAbs());
    CHECK(overlap(operator_norm(m).interval(), operator_norm_of_nonnegative(m).interval()));
  }
}

TEST_CASE("alpha is 1 for uniform attention and the number of keys for a permutation") {
  const WorkingPrecision guard(Bits{96});
  const Matrix<double> zero = Matrix<double>::Zero(4, 2);
  CHECK(contains(column_parameter(normalised_rows(weight_enclosure({zero, zero, zero}))), 1));
  Matrix<double> q = Matrix<double>::Identity(4, 4) * 400;
  const Interval sharp = column_parameter(
      normalised_rows(weight_enclosure({q, Matrix<double>::Identity(4, 4), Matrix<double>::Ones(4, 1)})));
  CHECK(lower(sharp) > Real(4 - 1e-9));
  CHECK(lower(sharp) <= Real(4));
  CHECK(width(sharp) < Real(1e-20));
}

TEST_CASE("kappa moves with the free shift of all keys, alpha does not") {
  const WorkingPrecision guard(Bits{96});
  const Matrix<double> q = rows({{4}, {-4}}), k = rows({{0}, {0}}), v = rows({{1}, {-1}});
  const auto light = [](Eigen::Index, Eigen::Index) { return false; };
  const Matrix<Interval> plain = weight_enclosure({q, k, v}),
                         moved = weight_enclosure({q, Matrix<double>(k.array() + 1), v});
  CHECK(contains(row_parameter(plain, light), 1));
  CHECK(overlap(row_parameter(moved, light), Interval(exp(Interval(8)))));
  CHECK(overlap(column_parameter(normalised_rows(plain)), column_parameter(normalised_rows(moved))));
}

TEST_CASE("a row parameter is infinite where a row has nothing left") {
  const Matrix<double> one = Matrix<double>::Ones(2, 1);
  CHECK(!is_finite(
      row_parameter(weight_enclosure({one, one, one}), [](Eigen::Index i, Eigen::Index) { return i == 0; })));
}

TEST_CASE("counterexample: one feature, d = 1, cannot hold both the prefix of key t and that of key -t") {
  // Queries 1 and -1, a real key 0 of value 0, prefix value 1: outputs sigma(t q) and sigma(-t q). With phi >
  // 0 and k >= 0 an output phi Z/(1 + phi k) is monotone in phi, so one of the two prefixes is missed by
  // tanh(t/2)/2.
  const WorkingPrecision guard(Bits{96});
  const Matrix<Interval> q = matrix_from<Interval>(rows({{1}, {-1}})),
                         real_key = Matrix<Interval>::Zero(1, 1);
  const Interval t = 3, best = tanh(Interval(t / 2)) / 2;
  Stream stream(0, "one feature");
  for (int trial = 0; trial < 200; ++trial) {
    Matrix<double> phi = stream.uniform_matrix(2, 1, 3).cwiseAbs().array() + 0x1p-10;
    Interval missed = 0;
    for (const Interval& key : {t, Interval(-t)}) {
      // (Z, k) that this seed offers: the exact sums for one of the queries, or anything.
      const double k = std::fabs(stream.uniform(8)), z = stream.uniform(8);
      const Matrix<Interval> fast = compressed_prefix_attention(
          q, real_key, real_key, matrix_from<Interval>(phi),
          CompressedPrefix<Interval>{matrix_from<Interval>(rows({{z}})), matrix_from<Interval>(rows({{k}}))});
      Matrix<Interval> both(2, 1), values(2, 1);
      both << key, Interval(0);
      values << Interval(1), Interval(0);
      missed = maximum(missed, max_abs(Matrix<Interval>(fast - attention(q, both, values))));
    }
    CHECK(upper(missed) >= lower(best));
  }
}

TEST_CASE("counterexample: V D^-1 exp(.) with D the row sums, (4.4) of 2407.01079, is no attention") {
  // Two tokens, V = 1, scores 8, 0 of key 0 and 0, -8 of key 1: each key gives nearly all of its row to query
  // 0.
  const double e[2][2] = {{std::exp(8.0), 1}, {1, std::exp(-8.0)}};  // key i, query j
  double output = 0;
  for (int i = 0; i < 2; ++i) output += 1 * e[i][0] / (e[i][0] + e[i][1]);  // V = 1
  CHECK(output > 1.99);
}

TEST_CASE("bad shapes of adapters are refused with the matrix's name") {
  const Matrix<double> two = Matrix<double>::Ones(2, 2), one = Matrix<double>::Ones(2, 1);
  const Adapter<double> good{two, one, one.transpose(), 1};
  LoraLossInput in{two, two, two, good, good, good, two};
  CHECK_NOTHROW(validate(in));
  in.k.a = Matrix<double>::Ones(1, 3);
  CHECK_THROWS_WITH(validate(in), Catch::Matchers::Contains("A_K"));
  in.k = good;
  in.v.frozen(0, 0) = NAN;
  CHECK_THROWS_WITH(validate(in), Catch::Matchers::Contains("W*_V"));
}

TEST_CASE("at LoRA's usual start, B = 0, the gradient by A is 0 and the one by B is that of the weight") {
  Stream stream(0, "lora start");
  const auto matrix = [&](Eigen::Index r, Eigen::Index c) { return stream.uniform_matrix(r, c, 1); };
  Adapter<double> w{matrix(3, 3), Matrix<double>::Zero(3, 1), matrix(1, 3), 2};
  const LoraLossInput in{matrix(5, 3), matrix(6, 3), matrix(6, 3), w, w, w, matrix(5, 3)};
  const LoraGradient<double> g = lora_gradient(in);
  CHECK(max_abs(g.q.a) == 0);
  CHECK(max_abs(g.k.a) == 0);
  CHECK(max_abs(g.v.a) == 0);
  CHECK(max_abs(g.q.b) > 0);
}
