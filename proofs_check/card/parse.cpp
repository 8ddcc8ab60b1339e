// Reads a card: one function a rule of the grammar in docs/cards.md. An expression is typed as it is built,
// so a card that reads has a meaning on every instance of matching shapes. A parser generator or a parser
// library was not used: the grammar has a dozen rules, and the errors are the point.
#include <array>
#include <map>
#include <set>

#include "proofs_check/card/language.hpp"

namespace attnbounds {
namespace {

using Form = Expression::Form;

constexpr std::size_t most_characters = 1 << 16;
constexpr int most_depth = 100;       // of parentheses; the rules call each other
constexpr int most_operators = 1000;  // of a statement: left-associative chains are as deep as they are long
constexpr std::size_t most_name = 64, most_digits = 1000;

enum class TokenKind { name, number, string, symbol, end };
struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;
  Place place;
};

std::string shown(const Token& t) {
  return t.kind == TokenKind::end ? "the end of the card" : "'" + t.text + "'";
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines(1);
  for (const char c : text) {
    if (c == '\n') lines.emplace_back();
    else if (c != '\r') lines.back() += c;
  }
  return lines;
}

std::vector<Token> tokens_of(const Card& card) {
  std::vector<Token> tokens;
  for (std::size_t l = 0; l < card.lines.size(); ++l) {
    const std::string& line = card.lines[l];
    for (std::size_t i = 0; i < line.size();) {
      const Place at{static_cast<int>(l) + 1, static_cast<int>(i) + 1};
      std::size_t end = i;
      const auto take = [&](TokenKind kind) {
        tokens.push_back({kind, line.substr(i, end - i), at});
        i = end;
      };
      if (line[i] == ' ' || line[i] == '\t') {
        ++i;
      } else if (line[i] == '#') {
        break;
      } else if (is_letter(line[i])) {
        while (end < line.size() && (is_letter(line[end]) || is_digit(line[end]))) ++end;
        if (end - i > most_name) card.fail(at, "a name of at most 64 characters", "a longer one");
        take(TokenKind::name);
      } else if (is_digit(line[i])) {
        const auto digits = [&] {
          while (end < line.size() && is_digit(line[end])) ++end;
        };
        digits();
        if (end + 1 < line.size() && line[end] == '.' && is_digit(line[end + 1])) {  // "1..4" is no decimal
          ++end;
          digits();
        }
        if (end < line.size() && (line[end] == 'e' || line[end] == 'E')) {
          std::size_t exponent = end + 1;
          if (exponent < line.size() && (line[exponent] == '+' || line[exponent] == '-')) ++exponent;
          if (exponent < line.size() && is_digit(line[exponent])) {
            end = exponent;
            digits();
            if (end - exponent > 4) card.fail(at, "an exponent of at most 4 digits", "a longer one");
          }
        }
        if (end - i > most_digits) card.fail(at, "a number of at most 1000 characters", "a longer one");
        if (end < line.size() && is_letter(line[end]))
          card.fail({at.line, static_cast<int>(end) + 1}, "an operator after a number",
                    std::string("'") + line[end] + "'");
        take(TokenKind::number);
      } else if (line[i] == '"') {
        end = line.find('"', i + 1);
        if (end == std::string::npos) card.fail(at, "a closing quotation mark on the line", "none");
        tokens.push_back({TokenKind::string, line.substr(i + 1, end - i - 1), at});
        i = end + 1;
      } else {
        static const std::array<const char*, 3> pairs = {"<=", ">=", ".."};
        end = i + 1;
        for (const char* pair : pairs)
          if (line.compare(i, 2, pair) == 0) end = i + 2;
        static const std::string single = "+-*/^()[],<>=";
        if (end == i + 1 && single.find(line[i]) == std::string::npos) {
          const bool printable = line[i] > ' ' && line[i] < 0x7f;
          card.fail(at, "a name, a number, an operator or a string",
                    printable ? std::string("'") + line[i] + "'" : "a byte outside ASCII");
        }
        take(TokenKind::symbol);
      }
    }
  }
  const int last = static_cast<int>(card.lines.size());
  tokens.push_back({TokenKind::end, "", {last, static_cast<int>(card.lines.back().size()) + 1}});
  return tokens;
}

const std::set<std::string>& keywords() {
  static const std::set<std::string> words = {"title",  "source", "given",    "in",        "let",
                                              "where",  "claim",  "integers", "rationals", "matrices",
                                              "layers", "sum",    "largest"};
  return words;
}

class Reader {
 public:
  explicit Reader(Card& card) : card_(card), tokens_(tokens_of(card)) {}

  void read_card() {
    bool claimed = false;
    while (peek().kind != TokenKind::end) {
      const Token word = next();
      operators_ = 0;
      if (word.text == "title" && word.kind == TokenKind::name) card_.title = string();
      else if (word.text == "source" && word.kind == TokenKind::name) card_.source = string();
      else if (word.text == "given" && word.kind == TokenKind::name) given();
      else if (word.text == "let" && word.kind == TokenKind::name) let();
      else if (word.text == "where" && word.kind == TokenKind::name) card_.hypotheses.push_back(statement());
      else if (word.text == "claim" && word.kind == TokenKind::name) {
        if (claimed) card_.fail(word.place, "one claim a card", "a second one");
        claimed = true;
        conclusion();
      } else {
        card_.fail(word.place, "title, source, given, let, where or claim", shown(word));
      }
    }
    if (card_.givens.empty()) card_.fail(peek().place, "at least one 'given'", "none");
    if (!claimed) card_.fail(peek().place, "a claim", "the end of the card");
  }

 private:
  const Token& peek() const { return tokens_[next_]; }
  Token next() { return tokens_[next_ + 1 < tokens_.size() ? next_++ : next_]; }
  bool at_symbol(const char* symbol) const {
    return peek().kind == TokenKind::symbol && peek().text == symbol;
  }
  bool at_word(const char* word) const { return peek().kind == TokenKind::name && peek().text == word; }
  bool skip(const char* symbol) {
    if (!at_symbol(symbol)) return false;
    next();
    return true;
  }
  void expect(const char* symbol) {
    if (!skip(symbol)) card_.fail(peek().place, std::string("'") + symbol + "'", shown(peek()));
  }
  std::string string() {
    const Token t = next();
    if (t.kind != TokenKind::string) card_.fail(t.place, "a text in quotation marks", shown(t));
    return t.text;
  }
  std::string new_name() {
    const Token t = next();
    if (t.kind != TokenKind::name || keywords().count(t.text) > 0) card_.fail(t.place, "a name", shown(t));
    if (names_.count(t.text) > 0) card_.fail(t.place, "a name that is still free", shown(t));
    if (find_definition(t.text) != nullptr) card_.fail(t.place, "a name that no definition has", shown(t));
    return t.text;
  }

  // ---- Statements.

  void given() {
    Given g;
    g.place = peek().place;
    g.name = new_name();
    if (!at_word("in")) card_.fail(peek().place, "'in'", shown(peek()));
    next();
    const Token domain = next();
    Kind kind = Kind::number;
    if (domain.text == "integers") g.domain = Given::Domain::integers;
    else if (domain.text == "rationals") g.domain = Given::Domain::rationals;
    else if (domain.text == "matrices" || domain.text == "layers") {
      g.domain = domain.text == "layers" ? Given::Domain::layers : Given::Domain::matrices;
      kind = domain.text == "layers" ? Kind::layers : Kind::matrix;
      expect("(");
      g.shape.push_back(exact_number());
      expect(",");
      g.shape.push_back(exact_number());
      expect(")");
    } else {
      card_.fail(domain.place, "integers, rationals, matrices or layers", shown(domain));
    }
    expect("[");
    g.least = exact_number();
    expect(",");
    g.largest = exact_number();
    expect("]");
    names_[g.name] = {kind, Exactness::exact};
    card_.givens.push_back(std::move(g));
  }

  void let() {
    Let l;
    l.name = new_name();
    expect("=");
    l.value = expression();
    l.givens_before = card_.givens.size();
    names_[l.name] = l.value.type;
    card_.lets.push_back(std::move(l));
  }

  Statement statement() {
    Statement s;
    s.left = number();
    const Token t = next();
    static const std::map<std::string, Relation> relations = {{"<=", Relation::at_most},
                                                              {"<", Relation::below},
                                                              {">=", Relation::at_least},
                                                              {">", Relation::above},
                                                              {"=", Relation::equal}};
    const auto relation = relations.find(t.text);
    if (t.kind != TokenKind::symbol || relation == relations.end())
      card_.fail(t.place, "<=, <, >=, > or =", shown(t));
    s.relation = relation->second;
    s.right = number();
    if (s.relation == Relation::equal &&
        (s.left.type.exactness != Exactness::exact || s.right.type.exactness != Exactness::exact))
      card_.fail(t.place, "'=' between exact numbers only (enclosures never show equality)",
                 name(s.left.type) + " = " + name(s.right.type));
    return s;
  }

  void conclusion() {
    const Place at = peek().place;
    card_.conclusion = statement();
    Statement& s = card_.conclusion;
    if (s.relation == Relation::below || s.relation == Relation::above)
      card_.fail(at, "a claim with <=, >= or =", std::string("'") + name(s.relation) + "'");
    if (s.relation == Relation::at_least) {
      std::swap(s.left, s.right);
      s.relation = Relation::at_most;
    }
  }

  // ---- Expressions.

  Expression number() {
    const Place at = peek().place;
    Expression e = expression();
    if (e.type.kind != Kind::number) card_.fail(at, "a number", name(e.type));
    return e;
  }
  Expression exact_number() {
    const Place at = peek().place;
    Expression e = number();
    if (e.type.exactness != Exactness::exact) card_.fail(at, "an exact number", name(e.type));
    return e;
  }

  Expression expression() {  // term { (+|-) term }
    const Nested guard(*this);
    Expression e = term();
    while (at_symbol("+") || at_symbol("-")) {
      const Token op = next();
      e = binary(op.text == "+" ? Form::add : Form::subtract, op.place, std::move(e), term());
    }
    return e;
  }
  Expression term() {  // factor { (*|/) factor }
    Expression e = factor();
    while (at_symbol("*") || at_symbol("/")) {
      const Token op = next();
      e = binary(op.text == "*" ? Form::multiply : Form::divide, op.place, std::move(e), factor());
    }
    return e;
  }
  Expression factor() {  // - factor | power
    if (!at_symbol("-")) return power();
    const Nested guard(*this);
    const Token op = next();
    Expression operand = factor();
    if (operand.type.kind != Kind::number && operand.type.kind != Kind::matrix)
      card_.fail(op.place, "a number or a matrix after '-'", name(operand.type));
    const Type type = operand.type;
    Expression e{Form::negate, "", {}, op.place, type};
    e.parts.push_back(std::move(operand));
    return e;
  }
  Expression power() {  // primary [ ^ factor ]
    Expression e = primary();
    if (!at_symbol("^")) return e;
    const Nested guard(*this);
    const Token op = next();
    return binary(Form::power, op.place, std::move(e), factor());
  }
  Expression primary() {
    const Token t = next();
    if (t.kind == TokenKind::number) {
      rational_from_text(t.text, card_.file);
      return {Form::number, t.text, {}, t.place, {}};
    }
    if (t.kind == TokenKind::symbol && t.text == "(") {
      Expression e = expression();
      expect(")");
      return e;
    }
    if (t.kind == TokenKind::name && (t.text == "sum" || t.text == "largest")) return over_index(t);
    if (t.kind == TokenKind::name && keywords().count(t.text) == 0) {
      if (const auto known = names_.find(t.text); known != names_.end())
        return {Form::name, t.text, {}, t.place, known->second};
      if (const Definition* definition = find_definition(t.text)) return call(t, *definition);
      card_.fail(t.place, "a name given or let above, or a definition", shown(t));
    }
    card_.fail(t.place, "a number, a name or '('", shown(t));
  }

  Expression over_index(const Token& word) {  // sum(i in first..last, term)
    expect("(");
    const std::string index = new_name();
    if (!at_word("in")) card_.fail(peek().place, "'in'", shown(peek()));
    next();
    Expression e{word.text == "sum" ? Form::sum : Form::largest, index, {}, word.place, {}};
    e.parts.push_back(exact_number());
    expect("..");
    e.parts.push_back(exact_number());
    expect(",");
    names_[index] = {};
    e.parts.push_back(number());
    names_.erase(index);
    e.type = e.parts.back().type;
    expect(")");
    return e;
  }

  Expression call(const Token& word, const Definition& definition) {
    Expression e{Form::call, word.text, {}, word.place, {definition.gives, Exactness::exact}};
    expect("(");
    bool all_exact = true;
    for (std::size_t i = 0; i == 0 || at_symbol(","); ++i) {
      const Place at = peek().place;
      if (i > 0) next();
      if (i >= definition.takes.size() && !definition.many)
        card_.fail(at, std::to_string(definition.takes.size()) + " arguments of " + word.text, "more");
      const Place start = peek().place;
      e.parts.push_back(expression());
      check_argument(start, e.parts.back().type, definition.takes[std::min(i, definition.takes.size() - 1)]);
      all_exact = all_exact && e.parts.back().type.exactness == Exactness::exact;
    }
    if (e.parts.size() < definition.takes.size())
      card_.fail(peek().place, std::to_string(definition.takes.size()) + " arguments of " + word.text,
                 std::to_string(e.parts.size()));
    expect(")");
    if (definition.result_is == ResultIs::enclosed ||
        (definition.result_is == ResultIs::exact_if_arguments_are && !all_exact))
      e.type.exactness = Exactness::enclosed;
    return e;
  }
  void check_argument(Place at, Type found, Takes takes) const {
    const Kind kind = takes == Takes::number || takes == Takes::exact_number   ? Kind::number
                      : takes == Takes::matrix || takes == Takes::exact_matrix ? Kind::matrix
                      : takes == Takes::polynomial                             ? Kind::polynomial
                                                                               : Kind::layers;
    const bool exact = takes == Takes::exact_number || takes == Takes::exact_matrix;
    if (found.kind != kind || (exact && found.exactness != Exactness::exact))
      card_.fail(at, name({kind, exact ? Exactness::exact : Exactness::enclosed}), name(found));
  }

  Expression binary(Form form, Place at, Expression left, Expression right) {
    if (++operators_ > most_operators)
      card_.fail(at, "a statement of at most 1000 operators", "a longer one");
    const Kind l = left.type.kind, r = right.type.kind;
    const bool numbers = l == Kind::number && r == Kind::number;
    const bool sum = form == Form::add || form == Form::subtract;
    const bool matrix_fits =
        (sum && l == Kind::matrix && r == Kind::matrix) ||
        (form == Form::multiply && r == Kind::matrix && l != Kind::polynomial && l != Kind::layers) ||
        ((form == Form::multiply || form == Form::divide) && l == Kind::matrix && r == Kind::number);
    if (!numbers && !matrix_fits)
      card_.fail(at, "operands that fit", name(left.type) + " and " + name(right.type));
    Type type{numbers ? Kind::number : Kind::matrix, Exactness::exact};
    if (left.type.exactness != Exactness::exact || right.type.exactness != Exactness::exact)
      type.exactness = Exactness::enclosed;
    // A power is exact when its exponent is written as an integer, or is a name: then it must be one.
    if (form == Form::power && right.type.exactness == Exactness::exact && !always_integer(right))
      type.exactness = Exactness::enclosed;
    Expression e{form, "", {}, at, type};
    e.parts.push_back(std::move(left));
    e.parts.push_back(std::move(right));
    return e;
  }
  /// Integers by their form: whole numbers, integer givens and indices, and their sums and products.
  bool always_integer(const Expression& e) const {
    switch (e.form) {
      case Form::number:
        return e.text.find_first_of(".eE") == std::string::npos;
      case Form::name: {
        for (const Given& g : card_.givens)
          if (g.name == e.text) return g.domain == Given::Domain::integers;
        for (const Let& l : card_.lets)
          if (l.name == e.text) return always_integer(l.value);
        return true;  // the index of a sum
      }
      case Form::negate:
      case Form::add:
      case Form::subtract:
      case Form::multiply:
        for (const Expression& part : e.parts)
          if (!always_integer(part)) return false;
        return true;
      case Form::power:  // 2^10: the exponent as a whole number
        return always_integer(e.parts[0]) && e.parts[1].form == Form::number && always_integer(e.parts[1]);
      case Form::call:
        return e.text == "floor" || e.text == "ceil" || e.text == "binomial" || e.text == "factorial" ||
               e.text == "rows" || e.text == "columns" || e.text == "rank" || e.text == "least_degree";
      default:
        return false;
    }
  }

  struct Nested {
    explicit Nested(Reader& r) : reader(r) {
      if (++reader.depth_ > most_depth)
        reader.card_.fail(reader.peek().place, "an expression at most 100 levels deep", "a deeper one");
    }
    ~Nested() { --reader.depth_; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;
    Reader& reader;
  };

  Card& card_;
  std::vector<Token> tokens_;
  std::size_t next_ = 0;
  int depth_ = 0, operators_ = 0;
  std::map<std::string, Type> names_;
};

}  // namespace

std::string name(Type type) {
  switch (type.kind) {
    case Kind::number:
      return type.exactness == Exactness::exact ? "an exact number" : "a number";
    case Kind::matrix:
      return type.exactness == Exactness::exact ? "an exact matrix" : "a matrix";
    case Kind::polynomial:
      return "a polynomial";
    case Kind::layers:
      return "layers";
  }
  return "";
}

bool operator==(const Expression& a, const Expression& b) {
  return a.form == b.form && a.text == b.text && a.parts == b.parts && a.type == b.type;
}

void Card::fail(Place at, const std::string& expected, const std::string& found) const {
  std::string excerpt, caret;
  if (at.line >= 1 && static_cast<std::size_t>(at.line) <= lines.size()) {
    const std::string& line = lines[at.line - 1];
    for (int i = 0; i + 1 < at.column; ++i)
      caret += static_cast<std::size_t>(i) < line.size() && line[i] == '\t' ? '\t' : ' ';
    excerpt = line + "\n" + caret + "^";
  }
  throw CardError(file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column), expected, found,
                  excerpt);
}

Card card_from_text(std::string_view text, const std::string& file) {
  Card card;
  card.file = file;
  if (text.size() > most_characters)
    throw CardError(file, "a card of at most 65536 characters", std::to_string(text.size()), "");
  card.lines = lines_of(text);
  Reader(card).read_card();
  return card;
}

}  // namespace attnbounds
