#include "object_reader.hpp"

#include <utility>
#include <vector>

#include "error.hpp"

namespace harness {
namespace {

// The deepest message has two levels: {"text": {"bytes": [...]}}.
constexpr int depth_max = 8;
// Bytes of a value or name, and of the library's account of a line that is no JSON.
constexpr size_t shown_max = 60;
constexpr size_t account_max = 200;

const char * const byte_order_mark = "\xEF\xBB\xBF";

std::string escaped(const json & value) {
    return value.dump(-1, ' ', /*ensure_ascii=*/true, json::error_handler_t::replace);
}

std::string cut(const std::string & text, size_t bytes_max) {
    return text.size() <= bytes_max ? text : text.substr(0, bytes_max) + "...";
}

std::string without_quotes(const std::string & text) { return text.substr(1, text.size() - 2); }

}  // namespace

json parse_object(const std::string & line) {
    if (line.rfind(byte_order_mark, 0) == 0) {
        throw failure(exit_code::bad_input, "not JSON: begins with a byte order mark");
    }
    if (line.find('\0') != std::string::npos) {
        // The library would take it for the end of the text.
        throw failure(exit_code::bad_input, "not JSON: has a zero byte");
    }
    std::vector<std::set<std::string>> open_objects;
    const auto watch = [&open_objects](int depth, json::parse_event_t event, json & parsed) {
        if (depth > depth_max) {
            throw failure(exit_code::bad_input, "nested deeper than " + std::to_string(depth_max) + " levels");
        }
        if (event == json::parse_event_t::object_start) {
            open_objects.emplace_back();
        } else if (event == json::parse_event_t::object_end) {
            open_objects.pop_back();
        } else if (event == json::parse_event_t::key) {
            const auto key = parsed.get<std::string>();
            if (!open_objects.back().insert(key).second) {
                throw failure(exit_code::bad_input, "duplicate field " + quoted(key));
            }
        }
        return true;
    };
    json object;
    try {
        object = json::parse(line, watch);
    } catch (const json::exception & error) {
        // It repeats bytes of the line, which need not be fit for a terminal.
        throw failure(exit_code::bad_input, "not JSON: " + cut(without_quotes(escaped(error.what())), account_max));
    }
    if (!object.is_object()) {
        throw failure(exit_code::bad_input, "expected a JSON object");
    }
    return object;
}

std::string shown(const json & value) { return cut(escaped(value), shown_max); }

std::string quoted(const std::string & name) {
    return "`" + cut(without_quotes(escaped(name)), shown_max) + "`";
}

object_reader::object_reader(const json & object, std::string where) : object_(object), where_(std::move(where)) {}

const json & object_reader::field(const std::string & name) {
    known_.insert(name);
    const auto found = object_.find(name);
    if (found == object_.end()) {
        throw failure(exit_code::bad_input, "missing field " + quoted(where_ + name));
    }
    return *found;
}

std::string object_reader::text(const std::string & name) {
    const json & value = field(name);
    if (!value.is_string()) {
        refuse(name, "expected a string");
    }
    return value.get<std::string>();
}

bool object_reader::boolean(const std::string & name) {
    const json & value = field(name);
    if (!value.is_boolean()) {
        refuse(name, "expected true or false");
    }
    return value.get<bool>();
}

void object_reader::finish() const {
    for (const auto & item : object_.items()) {
        if (known_.count(item.key()) == 0) {
            throw failure(exit_code::bad_input, "unknown field " + quoted(where_ + item.key()));
        }
    }
}

void object_reader::refuse(const std::string & name, const std::string & problem) const {
    throw failure(exit_code::bad_input, "field " + quoted(where_ + name) + ": " + problem);
}

}  // namespace harness
