DROP TABLE ombud.desk_settings;
DROP FUNCTION ombud.chosen_settings(), ombud.keep_setting(), ombud.audit_of_desk_settings();
