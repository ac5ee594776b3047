// What the harness reads and refuses: each invalid request must be refused by the field's name.

#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "error.hpp"
#include "messages.hpp"
#include "options.hpp"

namespace {

using namespace harness;

int passed = 0;
int failed = 0;

void check(bool holds, const std::string & what) {
    ++(holds ? passed : failed);
    if (!holds) {
        std::fprintf(stderr, "FAILED: %s\n", what.c_str());
    }
}

// Runs `action`, which must throw a failure of this code whose message has these words.
void refuses(exit_code code, const std::string & words, const std::string & what, const std::function<void()> & action) {
    try {
        action();
        check(false, what + ": accepted");
    } catch (const failure & error) {
        const bool named = std::string(error.what()).find(words) != std::string::npos;
        check(error.code() == code && named, what + ": refused with \"" + error.what() + "\"");
    }
}

std::string replaced(std::string text, const std::string & from, const std::string & to) {
    const size_t at = text.find(from);
    check(at != std::string::npos, "a change of \"" + from + "\" must change something");
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

struct change {
    const char * from;
    const char * to;
    const char * field;
};

const std::string tokenize_line =
    R"({"schema":"lockstep/tokenize-request/v1","id":"case-1","text":"Hi","bos":"model","parse_special":false})";
const std::string evaluate_line =
    R"({"schema":"lockstep/evaluate-request/v1","id":"case-1","tokens":[1,2],"positions":"all","greedy_steps":3})";

void valid_requests() {
    const tokenize_request text = read_tokenize_request(tokenize_line);
    check(text.id == "case-1" && text.text == "Hi" && text.bos == bos_policy::model && !text.parse_special, "tokenize");
    const tokenize_request bytes =
        read_tokenize_request(replaced(tokenize_line, "\"Hi\"", R"({"bytes":[255,0,65]})"));
    check(bytes.text == std::string("\xff\0A", 3), "bytes");
    const evaluate_request all = read_evaluate_request(evaluate_line);
    check(all.tokens == std::vector<uint32_t>({1, 2}) && all.positions == position_choice::all && all.greedy_steps == 3,
          "evaluate");
    const evaluate_request listed = read_evaluate_request(replaced(evaluate_line, "\"all\"", "[0, 1]"));
    check(listed.positions == position_choice::listed && listed.listed == std::vector<uint32_t>({0, 1}), "listed");
    check(read_evaluate_request(replaced(evaluate_line, "\"all\"", "\"last\"")).positions == position_choice::last, "last");
}

void invalid_tokenize_requests() {
    const std::vector<change> changes = {
        {"tokenize-request/v1", "tokenize-request/v2", "schema"},
        {"tokenize-request", "evaluate-request", "schema"},
        {"\"schema\":\"lockstep/tokenize-request/v1\",", "", "`schema`"},
        {"\"case-1\"", "\"Case\"", "id"},
        {"\"case-1\"", "\"../case\"", "id"},
        {"\"case-1\"", "\"\"", "id"},
        {"\"case-1\"", "7", "id"},
        {"\"id\":\"case-1\",", "", "`id`"},
        {"\"id\":\"case-1\",", "\"id\":\"case-1\",\"id\":\"case-1\",", "duplicate field `id`"},
        {"\"Hi\"", "null", "text"},
        {"\"Hi\"", "{}", "text.bytes"},
        {"\"Hi\"", "{\"bytes\":[256]}", "text.bytes"},
        {"\"Hi\"", "{\"bytes\":[-1]}", "text.bytes"},
        {"\"Hi\"", "{\"bytes\":\"AA\"}", "text.bytes"},
        {"\"Hi\"", "{\"bytes\":[1],\"more\":1}", "text.more"},
        {"\"Hi\"", "\"\xff\"", "not JSON"},
        {"\"Hi\"", "\"\\ud800\"", "not JSON"},
        {"\"model\"", "\"maybe\"", "bos"},
        {"\"model\"", "true", "bos"},
        {"false", "0", "parse_special"},
        {"}", ",\"surprise\":1}", "`surprise`"},
        {"}", "", "not JSON"},
        {"}", "}{}", "not JSON"},
    };
    for (const change & c : changes) {
        const std::string line = replaced(tokenize_line, c.from, c.to);
        refuses(exit_code::bad_input, c.field, line, [&line] { read_tokenize_request(line); });
    }
    const std::string long_id = replaced(tokenize_line, "case-1", std::string(65, 'a'));
    refuses(exit_code::bad_input, "id", "an id of 65 characters", [&] { read_tokenize_request(long_id); });
    for (const char * line : {"", "[]", "null", "\"text\"", "no JSON"}) {
        refuses(exit_code::bad_input, "JSON", line, [line] { read_tokenize_request(line); });
    }
}

void invalid_evaluate_requests() {
    const std::vector<change> changes = {
        {"[1,2]", "\"1 2\"", "tokens"},         {"[1,2]", "[1.5]", "tokens"},
        {"[1,2]", "[-1]", "tokens"},            {"[1,2]", "[4294967296]", "tokens"},
        {"[1,2]", "[99999999999999999999]", "tokens"}, {"[1,2]", "[true]", "tokens"},
        {"\"tokens\":[1,2],", "", "`tokens`"},  {"\"all\"", "\"first\"", "positions"},
        {"\"all\"", "[-1]", "positions"},       {"\"all\"", "0", "positions"},
        {":3", ":-3", "greedy_steps"},          {":3", ":\"3\"", "greedy_steps"},
        {",\"greedy_steps\":3", "", "`greedy_steps`"}, {":3", ":3,\"trace\":true", "`trace`"},
    };
    for (const change & c : changes) {
        const std::string line = replaced(evaluate_line, c.from, c.to);
        refuses(exit_code::bad_input, c.field, line, [&line] { read_evaluate_request(line); });
    }
}

void command_lines() {
    const options given({"--a", "1", "--b=2", "word", "--on"}, {"--a", "--b"}, {"--on"});
    check(given.value("--a") == "1" && given.number("--b", 0, 9) == 2 && given.has("--on"), "flags");
    check(given.number("--c", 0, 9) == 9 && given.positional(1) == std::vector<std::string>({"word"}), "defaults");
    const auto refuse = [](const std::string & words, const std::function<void()> & action) {
        refuses(exit_code::usage, words, words, action);
    };
    refuse("unknown flag --x", [] { options({"--x"}, {}, {}); });
    refuse("unknown flag --on=1", [] { options({"--on=1"}, {}, {"--on"}); });
    refuse("--a needs a value", [] { options({"--a"}, {"--a"}, {}); });
    refuse("--a is given twice", [] { options({"--a", "1", "--a", "2"}, {"--a"}, {}); });
    for (const char * number : {"-1", "0", "x", "", "1e3", "2147483648", "99999999999"}) {
        refuse("--a", [number] { options({"--a", number}, {"--a"}, {}).number("--a", 1, 1); });
    }
    refuse("expected 0 arguments", [&given] { given.positional(0); });
    refuse("--c is needed", [&given] { (void) given.required("--c"); });
}

}  // namespace

int main() {
    valid_requests();
    invalid_tokenize_requests();
    invalid_evaluate_requests();
    command_lines();
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
