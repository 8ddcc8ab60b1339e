#include "attention/attention.hpp"

#include "attention/enclosure.hpp"
#include "catch.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/random.hpp"
#include "polynomial/polynomial.hpp"

using namespace attnbounds;

namespace {

AttentionInput random_input(std::uint64_t index, Eigen::Index n, Eigen::Index m, Eigen::Index d,
                            Eigen::Index dv, double bound) {
  Stream draw(0, "attention_test", index);
  return {draw.uniform_matrix(n, d, bound), draw.uniform_matrix(m, d, bound),
          draw.uniform_matrix(m, dv, bound)};
}

TensorAttentionInput random_tensor_input(std::uint64_t index, Eigen::Index n, Eigen::Index d, Eigen::Index dv,
                                         double bound) {
  Stream draw(0, "attention_test tensor", index);
  return {draw.uniform_matrix(n, d, bound), draw.uniform_matrix(n, d, bound),
          draw.uniform_matrix(n, d, bound), draw.uniform_matrix(n, dv, bound),
          draw.uniform_matrix(n, dv, bound)};
}

// Column-wise Kronecker product: row j1 * rows(b) + j2 is a_j1 o b_j2.
template <class Scalar>
Matrix<Scalar> khatri_rao(const Matrix<Scalar>& a, const Matrix<Scalar>& b) {
  Matrix<Scalar> product(a.rows() * b.rows(), a.cols());
  for (Eigen::Index i = 0; i < a.rows(); ++i)
    for (Eigen::Index j = 0; j < b.rows(); ++j)
      for (Eigen::Index l = 0; l < a.cols(); ++l) product(i * b.rows() + j, l) = a(i, l) * b(j, l);
  return product;
}

const Polynomial cubic{{Rational(1), Rational(1), Rational(1, 2), Rational(1, 6)}};

}  // namespace

TEST_CASE("tensor attention is matrix attention over the n^2 pairs, exactly over the rationals") {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const TensorAttentionInput in = random_tensor_input(seed, 4, 3, 2, 1);
    const auto q = matrix_from<Rational>(in.q), k1 = matrix_from<Rational>(in.k1),
               k2 = matrix_from<Rational>(in.k2), v1 = matrix_from<Rational>(in.v1),
               v2 = matrix_from<Rational>(in.v2);
    const Matrix<Rational> tensor = tensor_attention(q, k1, k2, v1, v2, Mask::none, cubic);
    const Matrix<Rational> pairs = attention(q, khatri_rao(k1, k2), khatri_rao(v1, v2), Mask::none, cubic);
    CHECK(tensor == pairs);
  }
}

TEST_CASE("a causal row is the last row of unmasked attention over its prefix") {
  const AttentionInput in = random_input(1, 6, 6, 2, 2, 1);
  const auto q = matrix_from<Rational>(in.q), k = matrix_from<Rational>(in.k),
             v = matrix_from<Rational>(in.v);
  const Matrix<Rational> causal = attention(q, k, v, Mask::causal, cubic);
  for (Eigen::Index i = 0; i < 6; ++i) {
    const Matrix<Rational> prefix = attention<Rational, Polynomial>(q.topRows(i + 1), k.topRows(i + 1),
                                                                    v.topRows(i + 1), Mask::none, cubic);
    CHECK(Matrix<Rational>(causal.row(i)) == Matrix<Rational>(prefix.row(i)));
  }
  const TensorAttentionInput t = random_tensor_input(2, 4, 2, 2, 1);
  const auto tq = matrix_from<Rational>(t.q), k1 = matrix_from<Rational>(t.k1),
             k2 = matrix_from<Rational>(t.k2), v1 = matrix_from<Rational>(t.v1),
             v2 = matrix_from<Rational>(t.v2);
  const Matrix<Rational> tensor = tensor_attention(tq, k1, k2, v1, v2, Mask::causal, cubic);
  const Matrix<Rational> prefix = tensor_attention<Rational, Polynomial>(
      tq.topRows(3), k1.topRows(3), k2.topRows(3), v1.topRows(3), v2.topRows(3), Mask::none, cubic);
  CHECK(Matrix<Rational>(tensor.row(2)) == Matrix<Rational>(prefix.row(2)));
}

TEST_CASE("attention over intervals contains attention over the rationals, for polynomial weights") {
  for (const long bits : {53L, 200L}) {
    const WorkingPrecision precision(Bits{bits});
    const AttentionInput in = random_input(3, 5, 7, 3, 2, 2);
    const Polynomial even{{Rational(1), Rational(1), Rational(1, 2)}};  // positive everywhere
    const auto exact = attention(matrix_from<Rational>(in.q), matrix_from<Rational>(in.k),
                                 matrix_from<Rational>(in.v), Mask::none, even);
    const auto enclosed = attention(matrix_from<Interval>(in.q), matrix_from<Interval>(in.k),
                                    matrix_from<Interval>(in.v), Mask::none, even);
    for (Eigen::Index i = 0; i < exact.size(); ++i) CHECK(contains(enclosed.data()[i], exact.data()[i]));
  }
}

TEST_CASE(
    "enclosures have the width asked for, contain the definition's values, and overlap at two precisions") {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    const double bound = std::ldexp(1.0, static_cast<int>(3 * seed) - 9);
    const Mask mask = seed % 2 == 0 ? Mask::none : Mask::causal;
    const AttentionInput in = random_input(seed, 9, 9, 3, 2, bound);
    const Rational coarse_width(1, 1000000), fine_width = rational_from_text("1e-60", "width");
    const Matrix<Interval> coarse = attention_enclosure(in, mask, coarse_width);
    const Matrix<Interval> fine = attention_enclosure(in, mask, fine_width);
    const WorkingPrecision precision(Bits{300});
    const Matrix<Interval> definition = attention(matrix_from<Interval>(in.q), matrix_from<Interval>(in.k),
                                                  matrix_from<Interval>(in.v), mask);
    for (Eigen::Index i = 0; i < fine.size(); ++i) {
      CHECK(to_rational(width(coarse.data()[i])) <= coarse_width);
      CHECK(to_rational(width(fine.data()[i])) <= fine_width);
      CHECK(overlap(coarse.data()[i], fine.data()[i]));
      CHECK(overlap(fine.data()[i], definition.data()[i]));
    }
  }
}

TEST_CASE("enclosures in fixed point and in intervals overlap, and are as narrow as asked") {
  for (std::uint64_t seed = 0; seed < 24; ++seed) {
    const double bound = std::ldexp(1.0, static_cast<int>(seed % 8) - 4);
    const Mask mask = seed % 2 == 0 ? Mask::none : Mask::causal;
    AttentionInput in = random_input(seed, 11, 11, 1 + static_cast<long>(seed % 5), 3, bound);
    in.v(3, 1) *= 0x1p-70;  // values that need several limbs, or are cut
    for (const long bits : {20L, 62L, 63L, 130L, 400L}) {
      const Rational target = dyadic(1, -bits);
      const Matrix<Interval> fixed = attention_enclosure(in, mask, target);
      const Matrix<Interval> intervals = attention_enclosure_in_intervals(in, mask, target);
      const Matrix<Interval> narrow = attention_enclosure_in_intervals(in, mask, dyadic(1, -bits - 60));
      for (Eigen::Index e = 0; e < fixed.size(); ++e) {
        CHECK(to_rational(width(fixed.data()[e])) <= target);
        CHECK(overlap(fixed.data()[e], intervals.data()[e]));
        CHECK(overlap(fixed.data()[e], narrow.data()[e]));
      }
    }
  }
}

TEST_CASE("tensor enclosures overlap the definition") {
  for (const Mask mask : {Mask::none, Mask::causal}) {
    const TensorAttentionInput in = random_tensor_input(7, 5, 3, 2, 1.5);
    const Rational target = rational_from_text("1e-40", "width");
    const Matrix<Interval> enclosed = tensor_attention_enclosure(in, mask, target);
    const WorkingPrecision precision(Bits{300});
    const Matrix<Interval> definition = tensor_attention(
        matrix_from<Interval>(in.q), matrix_from<Interval>(in.k1), matrix_from<Interval>(in.k2),
        matrix_from<Interval>(in.v1), matrix_from<Interval>(in.v2), mask);
    for (Eigen::Index i = 0; i < enclosed.size(); ++i) {
      CHECK(to_rational(width(enclosed.data()[i])) <= target);
      CHECK(overlap(enclosed.data()[i], definition.data()[i]));
    }
  }
}

TEST_CASE("enclosures survive scores beyond the range of exp and of double") {
  AttentionInput in;
  in.q = Matrix<double>::Constant(2, 1, 1e300);
  in.k.resize(3, 1);
  in.k << 1e300, -1e300, 0.5;
  in.v.resize(3, 1);
  in.v << 0.25, 1, 2;
  const Matrix<Interval> one_key_wins = attention_enclosure(in, Mask::none, Rational(1, 1L << 50));
  CHECK(contains(one_key_wins(0, 0), Rational(1, 4)));
  in.k << 5e-324, 5e-324, 5e-324;
  in.q.setConstant(5e-324);
  const Matrix<Interval> mean = attention_enclosure(in, Mask::none, Rational(1, 1L << 50));
  CHECK(overlap(mean(1, 0), enclose(Rational(13, 12))));
}

TEST_CASE("one token attends to itself") {
  const AttentionInput in = random_input(11, 1, 1, 1, 3, 4);
  for (const Mask mask : {Mask::none, Mask::causal}) {
    CHECK(attention(in.q, in.k, in.v, mask) == in.v);
    const Matrix<Interval> enclosed = attention_enclosure(in, mask, Rational(1, 1L << 60));
    for (Eigen::Index c = 0; c < 3; ++c) CHECK(contains(enclosed(0, c), to_rational(in.v(0, c))));
  }
}

TEST_CASE("attention over doubles does not overflow, and lies in the enclosure up to rounding") {
  const AttentionInput in = random_input(12, 8, 8, 2, 2, 60);  // scores to 3600
  const Matrix<double> output = attention(in.q, in.k, in.v);
  const Enclosure error = largest_error(output, attention_enclosure(in, Mask::none, Rational(1, 1L << 60)));
  CHECK(error.upper() < 1e-9);
}

TEST_CASE("enclosures are the same for any number of threads") {
  const AttentionInput in = random_input(13, 20, 20, 3, 2, 1);
  const auto one = attention_enclosure(in, Mask::none, Rational(1, 1L << 50), ThreadCount{1});
  const auto five = attention_enclosure(in, Mask::none, Rational(1, 1L << 50), ThreadCount{5});
  for (Eigen::Index i = 0; i < one.size(); ++i) {
    CHECK(lower(one.data()[i]) == lower(five.data()[i]));
    CHECK(upper(one.data()[i]) == upper(five.data()[i]));
  }
}

TEST_CASE("shapes that do not fit are refused with both shapes") {
  AttentionInput in = random_input(14, 3, 4, 2, 2, 1);
  CHECK_NOTHROW(in.validate());
  CHECK_THROWS_AS(in.validate(Mask::causal), InputError);
  in.v.conservativeResize(5, 2);
  CHECK_THROWS_WITH(in.validate(), Catch::Matchers::Contains("v") && Catch::Matchers::Contains("4 x 2") &&
                                       Catch::Matchers::Contains("5 x 2"));
  in = random_input(15, 3, 4, 2, 2, 1);
  in.q(2, 1) = NAN;
  CHECK_THROWS_WITH(in.validate(), Catch::Matchers::Contains("q[2,1]") && Catch::Matchers::Contains("NaN"));
  in.q.resize(0, 2);
  CHECK_THROWS_AS(in.validate(), InputError);
}
