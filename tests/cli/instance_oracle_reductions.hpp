// The part of instance_oracle_neighbours.hpp about formulas, families of vectors and planted instances: the
// producer's matrices, attention in intervals, counting and protocols.
#pragma once

#include "attention/spectral.hpp"
#include "cli/oracle_numbers.hpp"
#include "reductions/attention/threshold.hpp"
#include "reductions/cnf/sparsify.hpp"
#include "reductions/gap_inner_product/protocol.hpp"
#include "reductions/gradient/decision.hpp"
#include "reductions/orthogonal_vectors/orthogonality.hpp"
#include "reductions/orthogonal_vectors/split_and_list.hpp"
#include "sampling/segment_tree.hpp"

namespace attnbounds::oracle {

inline std::vector<SignMatrix> sign_families(const Json& in) {
  std::vector<SignMatrix> families;
  for (const Json& rows : in) {
    SignMatrix m(static_cast<Eigen::Index>(rows.size()),
                 static_cast<Eigen::Index>(rows[0].get<std::string>().size()));
    for (Eigen::Index i = 0; i < m.rows(); ++i)
      for (Eigen::Index l = 0; l < m.cols(); ++l) {
        const char c = rows[static_cast<std::size_t>(i)].get<std::string>()[static_cast<std::size_t>(l)];
        m(i, l) = static_cast<std::int8_t>(c == '1' ? 1 : c == '-' ? -1 : 0);
      }
    families.push_back(m);
  }
  return families;
}
inline Formula formula_of(const Json& in) {
  return formula_from_dimacs(in["dimacs"].get<std::string>(), "instance");
}
inline std::vector<SignMatrix> listed(const Json& in) {
  std::vector<SignMatrix> families;
  for (const BitMatrix& f : split_and_list(formula_of(in), in["arity"].get<long>()).families)
    families.push_back(sign_matrix(f));
  return families;
}
inline ThresholdParameters threshold_of(const Json& in, const std::vector<SignMatrix>& families,
                                        const ScorePromise& promise) {
  ThresholdParameters p;
  p.arity = static_cast<long>(families.size());
  for (const SignMatrix& f : families) p.rows.push_back(f.rows());
  p.dimension = families[0].cols();
  p.promise = promise;
  p.entry = nearest(number(in["entry"]));
  p.bias = nearest(number(in["bias"]));
  p.bias_columns = in["bias_columns"].get<long>();
  return p;
}
/// r^p (yes - no)/d >= log T + 2 log R: what separates the two sides of the promise.
inline bool separates(const ThresholdParameters& p, const Rational& margin) {
  const Interval r = enclose(p.entry), power = p.arity == 2 ? Interval(r * r) : Interval(r * r * r);
  return upper(power * (p.promise.yes - p.promise.no) / p.columns()) >=
         lower(log_interval(p.tuples()) + 2 * log_interval(margin));
}
inline Matrix<Interval> threshold_outputs(const ThresholdParameters& p,
                                          const std::vector<SignMatrix>& families) {
  const auto over = [](const Matrix<double>& m) { return matrix_from<Interval>(m); };
  if (p.arity == 2) {
    const AttentionInput in = matrix_instance(p, families);
    return attention<Interval>(over(in.q), over(in.k), over(in.v));
  }
  const TensorAttentionInput in = tensor_instance(p, families);
  return tensor_attention<Interval>(over(in.q), over(in.k1), over(in.k2), over(in.v1), over(in.v2));
}

template <class Visit>
void each_score(const std::vector<SignMatrix>& f, const Visit& visit) {
  for (Eigen::Index i = 0; i < f[0].rows(); ++i)
    for (Eigen::Index j = 0; j < f[1].rows(); ++j)
      for (Eigen::Index k = 0; k < (f.size() == 3 ? f[2].rows() : 1); ++k) {
        long score = 0;
        for (Eigen::Index l = 0; l < f[0].cols(); ++l)
          score += f[0](i, l) * f[1](j, l) * (f.size() == 3 ? f[2](k, l) : 1);
        visit(std::vector<long>{i, j, k}, score);
      }
}

inline Evaluated gap_of_threshold(const Json& in) {
  const std::vector<SignMatrix> f = sign_families(in["families"]);
  const ScorePromise promise{ScoreSign::positive, in["yes"].get<long>(), in["no"].get<long>()};
  const bool yes = in["instance"] == "yes";
  long most = -1000000;
  each_score(f, [&](const auto&, long score) { most = std::max(most, score); });
  const ThresholdParameters p = threshold_of(in["threshold"], f, promise);
  const Rational slack(1, 1000000000);
  const auto sound = [&](const ThresholdParameters& at) {
    return yes ? Interval(0) : max_abs(threshold_outputs(at, f));
  };
  Evaluated e{(yes ? most >= promise.yes : most <= promise.no) && promise.no < promise.yes && separates(p, 3),
              {{"completeness", yes ? enclose(Rational(Rational(3, 4) - slack)) : Interval(0)},
               {"largest output", max_abs(threshold_outputs(p, f))},
               {"soundness", sound(p)},
               {"1/4 + 1e-9", enclose(Rational(Rational(1, 4) + slack))}}};
  if (in.contains("threshold without a gap") && !in["threshold without a gap"].is_null()) {
    const ThresholdParameters narrow = threshold_of(in["threshold without a gap"], f, promise);
    e.hypotheses &= !separates(narrow, 2);
    e.quantities["soundness without a gap"] = sound(narrow);
  }
  return e;
}

inline Evaluated formula_by_threshold(const Json& in, bool unsatisfiable) {
  const std::vector<SignMatrix> f = listed(in);
  const bool satisfiable = count_satisfying(formula_of(in)) > 0;
  const ThresholdParameters p = threshold_of(in["threshold"], f, orthogonality_promise());
  const Interval half = enclose(Rational(1, 2));
  Evaluated e{(!unsatisfiable || !satisfiable) && separates(p, 3),
              {{"output without anchors", Interval(1)},
               {"1/4 + 1e-9", enclose(Rational(Rational(1, 4) + Rational(1, 1000000000)))}}};
  const auto put = [&](const std::string& of, const ThresholdParameters& at) {
    const Interval largest = max_abs(threshold_outputs(at, f));
    e.quantities["smaller side" + of] = satisfiable ? half : largest;
    e.quantities["larger side" + of] = satisfiable ? largest : half;
  };
  put("", p);
  if (in.contains("threshold without a gap")) {
    const ThresholdParameters narrow =
        threshold_of(in["threshold without a gap"], f, orthogonality_promise());
    e.hypotheses &= !separates(narrow, 2);
    put(" without a gap", narrow);
  }
  return e;
}

inline Evaluated planted_outputs(const Json& in) {
  std::vector<SignMatrix> f = sign_families(in["families"]);
  const long sign = in["sign"].get<long>();
  std::vector<long> planted = in["planted"].get<std::vector<long>>();
  planted.resize(3, 0);
  long yes = -1000000, no = yes;
  each_score(f, [&](const auto& tuple, long score) {
    long& of = tuple == planted ? yes : no;
    of = std::max(of, sign * score);
  });
  const ThresholdParameters p =
      threshold_of(in["threshold"], f, {sign > 0 ? ScoreSign::positive : ScoreSign::negative, yes, no});
  const Matrix<Interval> y = threshold_outputs(p, f);
  Interval others = 0;
  for (Eigen::Index i = 0; i < y.rows(); ++i)
    if (i != planted[0]) others = maximum(others, y(i, 0));
  f[0].row(planted[0]) = SignMatrix(f[0].row(planted[0] == 0 ? 1 : 0));
  return {no < yes && separates(p, 3),
          {{"planted output", y(planted[0], 0)},
           {"other outputs", others},
           {"output of another in its place", threshold_outputs(p, f)(planted[0], 0)},
           {"half", enclose(Rational(1, 2))}}};
}

inline Evaluated wrong_answer(const Json& in) {
  const std::vector<SignMatrix> f = sign_families(in["families"]);
  const ThresholdParameters p = threshold_of(in["threshold"], f, orthogonality_promise());
  const AttentionInput one = matrix_instance(p, f);
  const Eigen::Index n = f[1].rows(), d = one.q.cols();
  Matrix<double> k = Matrix<double>::Zero(2 * n, d), v = Matrix<double>::Zero(2 * n, 1);
  k.topRows(n) = one.k.topRows(n);
  k.bottomRightCorner(n, p.bias_columns).setConstant(-nearest(number(in["anchors' bias"])));
  v.topRows(n).setOnes();
  const Matrix<Interval> weights =
      softmax_rows(scores(matrix_from<Interval>(one.q), matrix_from<Interval>(k)));
  const Matrix<Interval> y = product(weights, matrix_from<Interval>(v));
  Interval no = 0;
  const long planted = in["planted query"].get<long>();
  bool found = false, others = false;
  each_score(f, [&](const auto& tuple, long score) {
    if (score == 0) (tuple[0] == planted ? found : others) = true;
  });
  for (Eigen::Index i = 0; i < y.rows(); ++i)
    if (i != planted) no = maximum(no, y(i, 0));
  const Interval root = sqrt(Interval(static_cast<long>(n)));
  return {
      number(in["anchors' bias"]) > 0,
      {{"gap/(|P| |V|)", (y(planted, 0) - no) / (operator_norm_of_nonnegative(weights).interval() * root)},
       {"1/sqrt(N)", 1 / root},
       {"1/N", enclose(Rational(1, static_cast<long>(n)))}}};
}

inline Evaluated recovered(const Json& in) {
  const std::vector<SignMatrix> f = listed(in);
  const ThresholdParameters p = threshold_of(in["threshold"], f, orthogonality_promise());
  GradientInstance instance;
  if (p.arity == 2) {
    const AttentionInput a = matrix_instance(p, f);
    instance = {a.q, {a.k}, {a.v}};
  } else {
    const TensorAttentionInput a = tensor_instance(p, f);
    instance = {a.q, {a.k1, a.k2}, {a.v1, a.v2}};
  }
  const bool satisfiable = count_satisfying(formula_of(in)) > 0;
  const Interval third = enclose(gradient_decision_value()), at_one = total_square(instance, 1),
                 at_zero = total_square(instance, 0);
  Evaluated e{separates(p, gradient_margin(f[0].rows())), {}};
  const auto put = [&](const std::string& of, const Json& ends, const Interval& truth) {
    const Interval value = hull(enclose(number(ends[0])), enclose(number(ends[1])));
    e.hypotheses &= lower(value) <= upper(truth) && lower(truth) <= upper(value);
    e.quantities["smaller side" + of] = satisfiable ? third : value;
    e.quantities["larger side" + of] = satisfiable ? value : third;
  };
  put("", in["recovered"], at_one);
  put(" half way", in["half way"], at_zero + (at_one - at_zero) / 2);
  return e;
}

inline Evaluated counted(const Json& in) {
  const Formula f = formula_of(in);
  const long arity = in["arity"].get<long>();
  Formula fewer = f;
  if (!fewer.clauses.empty()) fewer.clauses.pop_back();
  const long expected = count_satisfying(f) << (arity * part_size(f, arity) - f.variables);
  const auto difference = [&](const Formula& listed) {
    return Interval(std::labs(count_orthogonal(split_and_list(listed, arity), ThreadCount{1}) - expected));
  };
  return {true, {{"difference", difference(f)}, {"difference, one clause fewer", difference(fewer)}}};
}

inline Evaluated small_world(const Json& in) {
  const ProtocolParameters p{in["K"].get<long>(), in["l"].get<long>() * in["T"].get<long>(),
                             in["l"].get<long>(), in["T"].get<long>(), in["q"].get<long>()};
  try {
    p.validate();
  } catch (const InputError&) {
    return {false, {}};
  }
  const Protocol protocol(p);
  BitMatrix all(1L << p.dimension, p.dimension);
  for (long i = 0; i < all.rows; ++i)
    for (long c = 0; c < p.dimension; ++c)
      if ((i >> c & 1) != 0) all.set(i, c);
  const VectorFamilies families{std::vector<BitMatrix>(static_cast<std::size_t>(p.arity), all)};
  long most = 0, fewest = p.checks();
  for (long index = 0; index < 1L << (p.arity * p.dimension); ++index) {
    Tuple tuple;
    for (long k = 0; k < p.arity; ++k) tuple.push_back(index >> (k * p.dimension) & (all.rows - 1));
    long best = 0;
    for (long m = 0; m < p.advices(); ++m)
      best = std::max(best, protocol.accepting(families, tuple, protocol.advice(m)));
    if (inner_product(families, tuple) == 0) fewest = std::min(fewest, best);
    else most = std::max(most, best);
  }
  return {true,
          {{"accepting, not orthogonal", Interval(most)},
           {"K (l - 1)", Interval(p.degree())},
           {"q", Interval(p.field)},
           {"accepting, orthogonal", Interval(fewest)}}};
}

inline Evaluated disjunction(const Json& in) {
  const Formula f = formula_of(in);
  std::vector<Formula> leaves;
  std::size_t most = 0;
  for (const Json& leaf : in["leaves"]) {
    leaves.push_back(formula_from_dimacs(leaf.get<std::string>(), "leaf"));
    most = std::max(most, leaves.back().clauses.size());
  }
  const long heart = in["leaf of hearts"].get<long>();
  long all = 0, hearts = 0;
  for (long x = 0; x < 1L << f.variables; ++x) {
    Assignment a;
    for (long v = 0; v < f.variables; ++v) a.push_back((x >> v & 1) != 0);
    bool any = false;
    for (const Formula& leaf : leaves) any |= satisfies(a, leaf);
    all += any != satisfies(a, f);
    hearts += satisfies(a, leaves.at(static_cast<std::size_t>(heart))) != satisfies(a, f);
  }
  return {true,
          {{"differences", Interval(all)},
           {"differences of the hearts", Interval(hearts)},
           {"clauses", Interval(static_cast<long>(most))},
           {"clauses allowed", Interval(sparsify(f, 2).most_clauses)}}};
}

inline Evaluated halved(const Json& in) {
  const long rows = in["rows"].get<long>(), depth = in["depth"].get<long>();
  const Rational leaves(Integer(1) << static_cast<unsigned>(depth));
  return {depth == GramTree<double>(Matrix<double>::Ones(rows, 1)).depth(),
          {{"leaves", enclose(leaves)},
           {"leaves + 1", enclose(Rational(leaves + 1))},
           {"I", Interval(rows)},
           {"2 I", Interval(2 * rows)}}};
}

}  // namespace attnbounds::oracle
