#include "proofs_check/card/check.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "numeric/files.hpp"

namespace attnbounds {
namespace {

constexpr std::size_t starts = 8;
constexpr PrecisionLadder search_ladder{Bits{64}, Bits{256}}, ladder{Bits{64}, Bits{1024}};

struct Budget {
  std::size_t drawn, steps, most_listed;  // steps: of each start
};
Budget budget_of(Level level) {
  switch (level) {
    case Level::quick:
      return {240, 150, 1000};
    case Level::standard:
      return {2400, 1500, 10000};
    case Level::exhaustive:
      break;
  }
  return {24000, 15000, 100000};
}

/// What the search climbs: left/right, or left - right for cards whose right side is not positive.
enum class Measure { ratio, difference };

double badness(const Compared& compared, Measure measure) {
  const auto middle = [](const Interval& x) { return nearest(midpoint(x)); };
  double left = 0, right = 0;
  if (compared.exact) {
    left = nearest(compared.exact->first);
    right = nearest(compared.exact->second);
  } else {
    if (!is_finite(compared.decision.left) || !is_finite(compared.decision.right)) return -HUGE_VAL;
    left = middle(compared.decision.left);
    right = middle(compared.decision.right);
  }
  if (measure == Measure::difference) return left - right;
  if (right > 0) return left / right;
  return left > right ? HUGE_VAL : -HUGE_VAL;
}

struct Climb {
  CardCase best;
  std::size_t evaluated = 0;
};

Climb climb(CardCase current, Measure measure, Stream stream, std::size_t steps,
            const std::function<void()>& step) {
  Climb result{current, 0};
  double value = badness(compare(current, {}, search_ladder), measure);
  for (std::size_t i = 0; i < steps; ++i) {
    step();
    CardCase next = moved(current, stream);
    if (stream.below(4) == 0) next = moved(next, stream);  // now and then two at once
    if (!satisfies_hypotheses(next)) continue;
    ++result.evaluated;
    const Compared compared = compare(next, {}, search_ladder);
    const double b = badness(compared, measure);
    if (!(b >= value)) continue;
    value = b;
    current = std::move(next);
    if (compared.decision.verdict == Verdict::refuted) break;
  }
  result.best = std::move(current);
  return result;
}

/// A decimal of four digits strictly below x > 0; strictly above x.
Rational short_below(const Rational& x) {
  Rational unit = 1;
  while (x / unit < 1000) unit /= 10;
  while (x / unit >= 10000) unit *= 10;
  const Integer steps = -scaled_floor(Rational(-x / unit), 0) - 1;
  return steps * unit;
}
Rational short_above(const Rational& x) {
  if (x == 0) return Rational(1, 1000000);
  Rational unit = 1;
  while (abs(x) / unit < 1000) unit /= 10;
  while (abs(x) / unit >= 10000) unit *= 10;
  return (scaled_floor(x / unit, 0) + 1) * unit;
}

/// Exact bounds of the sides: lower left, upper right.
std::optional<std::pair<Rational, Rational>> inner_sides(const Compared& compared) {
  if (compared.exact) return compared.exact;
  const Decision& d = compared.decision;
  if (!is_finite(d.left) || !is_finite(d.right)) return {};
  return std::pair(to_rational(lower(d.left)), to_rational(upper(d.right)));
}

/// The change of the right side that is refuted by as little as possible.
std::optional<RightSide> sharpest_twin(const Card& card, const std::vector<CardCase>& cases,
                                       const std::vector<Compared>& outcomes) {
  if (card.conclusion.relation == Relation::equal) {
    const bool nonzero = std::any_of(cases.begin(), cases.end(), [&](const CardCase& c) {
      Evaluation at(card, c.instance, Bits{64});
      return at.exact(card.conclusion.right) != 0;
    });
    const Rational little(1, 1000000);
    return nonzero ? RightSide{1 + little, 0} : RightSide{1, little};
  }
  std::optional<Rational> factor, shift;
  for (const Compared& compared : outcomes) {
    const auto sides = inner_sides(compared);
    if (!sides) continue;
    const auto& [left, right] = *sides;
    if (left > 0 && right > 0 && (!factor || left / right > *factor)) factor = left / right;
    if (!shift || right - left < *shift) shift = right - left;
  }
  if (factor) return RightSide{short_below(*factor), 0};
  if (shift) return RightSide{1, -short_above(*shift)};
  return {};
}

std::string twin_name(const Card& card, const RightSide& twin) {
  const std::string relation = card.conclusion.relation == Relation::equal ? "left = " : "left <= ";
  if (twin.shift == 0) return relation + twin.factor.str() + " * right";
  return relation + "right + (" + twin.shift.str() + ")";
}

Claim claim_of(const std::shared_ptr<const Card>& card, const std::string& id,
               std::shared_ptr<const std::vector<CardCase>> cases, const RightSide& twin, Coverage coverage) {
  const auto of = [](const AnyCase& c) -> const CardCase& { return *static_cast<const CardCase*>(c.get()); };
  const auto comparison = [of](std::string text, RightSide changed) {
    return Comparison{std::move(text), [of, changed](const AnyCase& c, const Found&) {
                        return compare(of(c), changed, ladder);
                      }};
  };
  Claim c;
  c.id = id;
  c.paper = "card";
  c.number = card->source.empty() ? card->title : card->source;
  c.statement = text_of(card->conclusion);
  c.latex = "$" + latex_of(card->conclusion) + "$";
  c.file = card->file;
  c.standing = coverage == Coverage::every_instance ? Standing::proved : Standing::checked;
  c.instances = {[cases](Level) { return cases->size(); },
                 [cases](Draw& d) -> AnyCase {
                   return {cases, &cases->at(d.index)};
                 }};
  for (const Statement& h : card->hypotheses)
    c.hypotheses.push_back({text_of(h), [of, h](const AnyCase& x) { return holds(h, of(x)); }});
  c.comparisons.push_back(comparison(c.statement, {}));
  c.twin = {twin_name(*card, twin), comparison(twin_name(*card, twin), twin), {}, {}};
  c.describe = [of](const AnyCase& x) { return describe(of(x)); };
  c.smaller = [of](const AnyCase& x) {
    std::vector<AnyCase> list;
    for (CardCase& s : smaller(of(x))) list.push_back(std::make_shared<const CardCase>(std::move(s)));
    return list;
  };
  return c;
}

}  // namespace

CardResult check_card(Card parsed, const std::string& id, const RunSettings& settings,
                      const InstanceProgress& progress) {
  CardResult result;
  result.card = std::make_shared<const Card>(std::move(parsed));
  const Card& card = *result.card;
  const Budget budget = budget_of(settings.level);
  auto cases = std::make_shared<std::vector<CardCase>>();
  std::atomic<std::size_t> done{0};
  const std::size_t work = 2 * budget.drawn + starts * budget.steps;
  const auto advance = [&] {
    if (progress) progress(std::min(++done, work), work);
  };

  if (auto listed = all_cases(result.card, budget.most_listed)) {
    *cases = std::move(*listed);
    result.coverage = Coverage::every_instance;
  } else {
    std::vector<std::optional<CardCase>> drawn(budget.drawn);
    parallel_for(static_cast<long>(drawn.size()), settings.threads, [&](long i) {
      Draw draw{Stream(settings.seed, id, static_cast<std::uint64_t>(i)), static_cast<std::size_t>(i),
                settings.level};
      drawn[i] = draw_case(result.card, draw);
      advance();
    });
    for (std::optional<CardCase>& c : drawn) {
      if (c) cases->push_back(std::move(*c));
      else ++result.not_found;
    }
  }

  const auto decided = [&](std::size_t first) {
    std::vector<Compared> outcomes(cases->size() - first);
    parallel_for(static_cast<long>(outcomes.size()), settings.threads, [&](long i) {
      outcomes[i] = compare((*cases)[first + static_cast<std::size_t>(i)], {}, ladder);
      advance();
    });
    return outcomes;
  };
  std::vector<Compared> outcomes = decided(0);
  const bool positive = std::all_of(outcomes.begin(), outcomes.end(), [](const Compared& c) {
    return c.exact ? c.exact->second >= 0 : upper(c.decision.right) >= 0;
  });
  const Measure measure =
      positive && card.conclusion.relation != Relation::equal ? Measure::ratio : Measure::difference;
  if (result.coverage == Coverage::drawn_instances && !cases->empty()) {
    std::vector<std::size_t> order(cases->size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::vector<double> values;
    for (const Compared& c : outcomes) values.push_back(badness(c, measure));
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return values[a] > values[b]; });
    std::vector<std::optional<Climb>> climbs(starts);
    parallel_for(starts, settings.threads, [&](long s) {  // half from the worst, half from anywhere
      Stream stream(settings.seed, id + " search", static_cast<std::uint64_t>(s));
      const std::size_t from = static_cast<std::size_t>(s) < starts / 2
                                   ? order[static_cast<std::size_t>(s) % order.size()]
                                   : stream.below(order.size());
      climbs[s] = climb((*cases)[from], measure, stream, budget.steps, advance);
    });
    const std::size_t first = cases->size();
    for (std::optional<Climb>& c : climbs) {
      result.searched += c->evaluated;
      cases->push_back(std::move(c->best));
    }
    for (Compared& c : decided(first)) outcomes.push_back(std::move(c));
  }
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const Decision& d = outcomes[i].decision;
    if (!is_finite(d.left) || !is_finite(d.right)) continue;
    const WorkingPrecision guard(Bits{128});
    const Interval slack = outcomes[i].exact
                               ? enclose(Rational(outcomes[i].exact->second - outcomes[i].exact->first))
                               : Interval(d.right - d.left);
    if (!result.slack || lower(slack) < lower(*result.slack)) result.slack = slack;
  }
  result.twin = sharpest_twin(card, *cases, outcomes);
  result.claim = claim_of(result.card, id, cases, result.twin.value_or(RightSide{}), result.coverage);
  result.result = run_claim(result.claim, settings);
  return result;
}

Card card_of_file(const std::filesystem::path& file) {
  return card_from_text(read_file(file), file.string());
}
std::string card_id(const std::filesystem::path& file) { return "card/" + file.stem().string(); }

Json card_entry(const CardResult& r) {
  Json j = verify_entry(log_line(r.claim, r.result));
  j["title"] = r.card->title;
  j["source"] = r.card->source;
  j["statement"] = r.claim.statement;
  j["latex"] = r.claim.latex;
  j["file"] = r.claim.file;
  j["coverage"] = r.coverage == Coverage::every_instance ? "every instance" : "drawn and searched instances";
  j["searched"] = r.searched;
  j["draws_without_instance"] = r.not_found;
  j["slack"] = nullptr;
  if (r.slack)
    j["slack"] = {{"lower", decimal_down(lower(*r.slack), 6)}, {"upper", decimal_up(upper(*r.slack), 6)}};
  if (r.twin) {
    j["twin"]["factor"] = r.twin->factor.str();
    j["twin"]["shift"] = r.twin->shift.str();
  }
  return j;
}

}  // namespace attnbounds
