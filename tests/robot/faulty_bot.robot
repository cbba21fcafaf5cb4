*** Settings ***
Documentation    What a bot names for its actions is looked at before the first case, all of it.

Library          payment_files.py
Library          RefereeLibrary    ${FOLDER}/payments.xlsx
...                  audit=${FOLDER}/audit
...                  playbooks=${FOLDER}/playbooks

Suite Setup      Write Payment Decision    ${FOLDER}


*** Variables ***
${FOLDER}    ${OUTPUT DIR}/faulty
@{FAULTS}
...          *4 faults:*
...          *`On Action${SPACE * 4}pay${SPACE * 4}Note Paymnt`: No keyword * found. *Note Payment*
...          *`: Keyword 'No Reply' expected 1 argument, got 2; it is called with the case and *
...          *Argument 'level' got value 'LOUD' that cannot be converted to *
...          *'read replies', which neither the routing table nor a playbook has (did you mean `read reply`?)*


*** Test Cases ***
Keywords That Cannot Be Called Stop The Run Before The First Case
    [Documentation]    All faults at once, also before a single case is settled.
    Name Actions Wrongly
    Use Cases    ${{ [{"payment": "P-1", "country": "DE", "amount": 1200, "memo": "m"}] }}
    ${said}=    Run Keyword And Expect Error    *    Process Cases
    FOR    ${fault}    IN    @{FAULTS}
        Should Be True    fnmatch.fnmatchcase($said, $fault)    ${said}
    END
    ${decision}=    Decide Case    P-2    country=DE    amount=${1}    memo=m
    Run Keyword And Expect Error    *4 faults:*    Settle Case    ${decision}
    ${paid}=    Paid Cases
    Should Be Equal    ${paid}    ${{ [] }}


*** Keywords ***
Name Actions Wrongly
    [Documentation]    A name, a level, a number of arguments and an action that are not right.
    On Action    pay    Note Paymnt
    On Action    send query    Log    LOUD
    On Action    read reply    No Reply    surplus
    On Action    read replies    No Reply

No Reply
    [Documentation]    The supplier has not answered.
    [Arguments]    ${case}
    Log    nothing from the supplier of ${case}[id]
    RETURN    ${NONE}
