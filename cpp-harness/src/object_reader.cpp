#include "object_reader.hpp"

#include <utility>
#include <vector>

#include "error.hpp"

namespace harness {

json parse_object(const std::string & line) {
    std::vector<std::set<std::string>> open_objects;
    const auto watch = [&open_objects](int, json::parse_event_t event, json & parsed) {
        if (event == json::parse_event_t::object_start) {
            open_objects.emplace_back();
        } else if (event == json::parse_event_t::object_end) {
            open_objects.pop_back();
        } else if (event == json::parse_event_t::key) {
            const auto key = parsed.get<std::string>();
            if (!open_objects.back().insert(key).second) {
                throw failure(exit_code::bad_input, "duplicate field `" + key + "`");
            }
        }
        return true;
    };
    json object;
    try {
        object = json::parse(line, watch);
    } catch (const json::exception & error) {
        throw failure(exit_code::bad_input, std::string("not JSON: ") + error.what());
    }
    if (!object.is_object()) {
        throw failure(exit_code::bad_input, "expected a JSON object");
    }
    return object;
}

object_reader::object_reader(const json & object, std::string where) : object_(object), where_(std::move(where)) {}

const json & object_reader::field(const std::string & name) {
    known_.insert(name);
    const auto found = object_.find(name);
    if (found == object_.end()) {
        throw failure(exit_code::bad_input, "missing field `" + where_ + name + "`");
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
            throw failure(exit_code::bad_input, "unknown field `" + where_ + item.key() + "`");
        }
    }
}

void object_reader::refuse(const std::string & name, const std::string & problem) const {
    throw failure(exit_code::bad_input, "field `" + where_ + name + "`: " + problem);
}

}  // namespace harness
