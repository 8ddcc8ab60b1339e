// Kind "epsilon-rank": lower <= rank_eps(M) <= upper, rank_eps(M) = min { rank M' : |M' - M|_max <= eps }. M
// is given entry by entry, or as e^{Q K^T/d} ("exp"), or that with rows divided by their sums ("softmax").
//   upper   |L R^T - M|_max <= eps for the factors L, R of `upper.rank` columns.
//   lower   by Weyl, |M' - M|_2 <= eps sqrt(n m), so rank M' >= r as soon as sigma_r(M) > eps sqrt(n m). For
//   n x r
//           and m x r matrices L, R (near singular vectors), B = L^T M R has sigma_r(M) >=
//           sigma_min(B)/(|L|_2 |R|_2), sigma_min(B) >= min_i ( |B_ii| - sum_{j != i} (|B_ij| + |B_ji|)/2 )
//           (Johnson),  |L|_2^2 <= the largest row sum of |L^T L|.
#include "../kinds.hpp"
#include "../softmax.hpp"

namespace checker {

Proved prove_epsilon_rank(const Field& top, const Folder& folder) {
  const Field matrix = top["matrix"];
  std::optional<Matrix> entries, q, k;
  bool normalised = false;
  if (matrix.has("entries")) {
    entries = matrix["entries"].matrix();
  } else {
    normalised = matrix["weights"].one_of({"exp", "softmax"}) == "softmax";
    q = hashed_matrix(matrix["q"], folder);
    k = hashed_matrix(matrix["k"], folder);
    require(q->columns == k->columns && q->rows * k->rows <= kMostEntries / 4,
            "matrix: the shapes do not fit");
  }
  const long n = entries ? entries->rows : q->rows, m = entries ? entries->columns : k->rows;
  const Fraction epsilon = positive_from(top["epsilon"]);
  struct Side {
    long rank = 0;
    std::optional<Matrix> left, right;
  };
  const auto side = [&](const char* name) {
    const Field field = top[name];
    Side s{field["rank"].integer(0, std::min(n, m)), {}, {}};
    if (s.rank == 0) {
      require(!field.has("left") && !field.has("right"), field.place + ": expected null factors for rank 0");
      return s;
    }
    s.left = field["left"].matrix();
    s.right = field["right"].matrix();
    require(
        s.left->rows == n && s.right->rows == m && s.left->columns == s.rank && s.right->columns == s.rank,
        field.place + ": expected factors of " + std::to_string(s.rank) + " columns");
    return s;
  };
  const Side upper = side("upper"), lower = side("lower");
  const double operations = static_cast<double>(n) * static_cast<double>(m) *
                            static_cast<double>(upper.rank + lower.rank + 40 + (q ? q->columns : 0));

  return at_rising_precision(128, operations, [&] {
    Rows M = entries ? balls(*entries) : Rows();
    if (q) {
      const Rows Q = balls(*q), K = balls(*k);
      for (const Row& query : Q) {
        M.emplace_back();
        if (normalised) M.back() = softmax_row(query, K, q->columns, m);
        else
          for (const Row& key : K) M.back().push_back(exp(dot(query, key) / Ball(q->columns)));
      }
    }
    Rows difference = upper.rank == 0 ? Rows(M.size(), Row(M[0].size()))
                                      : product(balls(*upper.left), transposed(balls(*upper.right)));
    for (std::size_t i = 0; i < M.size(); ++i)
      for (std::size_t j = 0; j < M[i].size(); ++j) difference[i][j] = difference[i][j] - M[i][j];
    require_at_most(largest_size(difference), Ball(epsilon), "upper: |L R^T - M| against epsilon");

    Ball singular;
    if (lower.rank > 0) {
      const Rows L = balls(*lower.left), R = balls(*lower.right);
      const Rows B = product(transposed(L), product(M, R));
      for (std::size_t i = 0; i < B.size(); ++i) {
        Ball others;
        for (std::size_t j = 0; j < B.size(); ++j)
          if (j != i) others = others + (absolute_value(B[i][j]) + absolute_value(B[j][i])) / 2;
        const Ball least = absolute_value(B[i][i]) - others;
        singular = i == 0 ? least : minimum(singular, least);
      }
      const auto norm = [](const Rows& x) { return square_root(largest_row_sum(product(transposed(x), x))); };
      const Ball threshold = Ball(epsilon) * square_root(Ball(n) * Ball(m)) * norm(L) * norm(R);
      if (surely_at_most(singular, threshold))
        throw Rejected("lower: the singular value proved does not exceed epsilon sqrt(n m)");
      if (!surely_greater(singular, threshold))
        throw Undecided("lower: the singular value against epsilon sqrt(n m)");
    }
    return Proved{std::to_string(lower.rank) + " <= rank of a " + std::to_string(n) + " x " +
                      std::to_string(m) + " matrix to within " + decimal(Ball(epsilon), Rounding::up) +
                      " <= " + std::to_string(upper.rank) + " (" + std::to_string(working_bits) + " bits)",
                  {{"lower", lower.rank}, {"upper", upper.rank}}};
  });
}

}  // namespace checker
