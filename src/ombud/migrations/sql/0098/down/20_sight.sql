DROP POLICY sight_add ON ombud.organization_domains;
DROP POLICY sight_change ON ombud.organization_domains;
DROP POLICY sight_remove ON ombud.organization_domains;
DROP TRIGGER keep_sight ON ombud.organizations;
DROP TRIGGER keep_sight ON ombud.users;
DROP FUNCTION ombud.keep_sight_of_organization();
DROP FUNCTION ombud.keep_sight_of_user();
